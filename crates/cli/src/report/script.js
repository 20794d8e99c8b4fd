// The page is complete without this: it adds switches for the two series and a read-out.
(() => {
  "use strict";

  for (const item of document.querySelectorAll("[data-toggle]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    button.title = "Show or hide";
    button.append(...item.childNodes);
    button.addEventListener("click", () => {
      const hidden = document.documentElement.classList.toggle("hide-" + item.dataset.toggle);
      button.setAttribute("aria-pressed", String(!hidden));
    });
    item.append(button);
  }

  // The corners of a path, in the plot's own units, as they are drawn.
  const corners = (path) => {
    const found = [];
    let x = 0;
    let y = 0;
    const part = /([MHVh]?)\s*(-?[\d.]+)(?:,(-?[\d.]+))?/g;
    for (const [, command, first, second] of path.getAttribute("d").matchAll(part)) {
      if (command === "h") continue;
      if (command === "H") x = +first;
      else if (command === "V") y = +first;
      else [x, y] = [+first, +second];
      found.push({ x, y, starts: command === "M" });
    }
    return found;
  };

  const numbers = (text) => text.split(" ").map(Number);
  const plots = new Map();
  const read = (svg) => {
    if (!plots.has(svg)) {
      const [left, top, width, height] = numbers(svg.dataset.box);
      const cursor = document.createElementNS("http://www.w3.org/2000/svg", "path");
      cursor.setAttribute("class", "cursor");
      svg.append(cursor);
      const lines = {};
      for (const name of ["before", "after"]) {
        const path = svg.querySelector("." + name + " .line");
        if (path) lines[name] = { corners: corners(path), step: "step" in path.dataset };
      }
      plots.set(svg, {
        left, top, width, height, cursor, lines,
        time: numbers(svg.dataset.time),
        value: numbers(svg.dataset.value),
        log: "log" in svg.dataset,
      });
    }
    return plots.get(svg);
  };

  // The corner of a line that speaks for x: the nearest one, or the last one of a step. There
  // is none where the line is broken.
  const cornerAt = ({ corners, step }, x) => {
    let low = 0;
    let high = corners.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (corners[middle].x <= x) low = middle + 1;
      else high = middle;
    }
    const before = corners[low - 1];
    const after = corners[low];
    const nearest = !after || (before && x - before.x <= after.x - x) ? before : after;
    if (!before || !after || after.starts) {
      return nearest && Math.abs(nearest.x - x) < 4 ? nearest : undefined;
    }
    return step ? before : nearest;
  };

  const valueAt = (plot, y) => {
    const [low, high] = plot.value;
    const share = 1 - y / plot.height;
    const value = plot.log ? low * (high / low) ** share : low + share * (high - low);
    const size = plot.log ? value : high - low;
    // As many digits as a tenth of a pixel tells apart.
    const digits = (plot.log ? 1 : 2) - Math.floor(Math.log10(size));
    const text = Math.abs(value) >= 1e12 || size < 1e-6
      ? value.toPrecision(4)
      : value.toFixed(Math.min(9, Math.max(0, digits)));
    return text.replace("-", "\u2212");
  };

  const show = (section, time) => {
    for (const figure of section.querySelectorAll("figure")) {
      let said = "";
      for (const svg of figure.querySelectorAll(".plot")) {
        const plot = read(svg);
        const share = (time - plot.time[0]) / (plot.time[1] - plot.time[0]);
        const within = share >= 0 && share <= 1;
        const x = share * plot.width;
        plot.cursor.setAttribute(
          "d", within ? `M${plot.left + x},${plot.top}v${plot.height}` : "");
        if (!within) continue;
        // The close look comes last and, where it has the moment, reads finer.
        said = time.toFixed(3) + "\u2009s";
        for (const [name, line] of Object.entries(plot.lines)) {
          const corner = cornerAt(line, x);
          said += ` \u00b7 ${name} ${corner ? valueAt(plot, corner.y) : "\u2013"}`;
        }
      }
      figure.querySelector("output").textContent = said;
    }
  };

  const clear = (section) => {
    for (const output of section.querySelectorAll("output")) output.textContent = "";
    for (const cursor of section.querySelectorAll(".cursor")) cursor.setAttribute("d", "");
  };

  for (const section of document.querySelectorAll(".stream")) {
    section.addEventListener("pointermove", (event) => {
      const svg = event.target.closest(".plot");
      if (!svg) return clear(section);
      const plot = read(svg);
      const area = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / area.width;
      const share = ((event.clientX - area.left) * scale - plot.left) / plot.width;
      if (share < 0 || share > 1) return clear(section);
      show(section, plot.time[0] + share * (plot.time[1] - plot.time[0]));
    });
    section.addEventListener("pointerleave", () => clear(section));
  }
})();
