"""Writes fixture.json: random rows and what scipy makes of them in float64.

    python3 -m venv venv && venv/bin/pip install numpy scipy
    venv/bin/python make.py

The rows are the same at every run; the last digits of the results may depend on scipy's version.
"""

import json
import pathlib

import numpy as np
import scipy
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator
from scipy.spatial.transform import Rotation, Slerp

ROWS = {"pchip": 80, "cubic": 80, "slerp": 40}
TARGETS = 6

rng = np.random.default_rng(2024)


def draw_times():
    """Irregular knots, now and then much narrower than their neighbours."""
    count = rng.integers(2, 9)
    steps = np.round(rng.uniform(0.05, 2.0, count), 3)
    steps[rng.random(count) < 0.2] = 0.002
    return np.round(rng.uniform(-50, 50) + np.cumsum(steps), 3)


def draw_targets(times):
    """Moments inside of the range, one of them a knot."""
    targets = np.round(rng.uniform(times[0], times[-1], TARGETS), 4)
    targets[0] = times[rng.integers(len(times))]
    return np.clip(targets, times[0], times[-1])


def draw_values(count):
    """Values with turns, flat parts and slopes of one sign."""
    values = np.round(rng.normal(0, 10 ** rng.uniform(-1, 2), count), 2)
    for i in range(1, count):
        if rng.random() < 0.2:
            values[i] = values[i - 1]
    return np.sort(values) if rng.random() < 0.3 else values


def parabola_tangents(times, values):
    """At inner knots the derivative of Lagrange's parabola, at the ends the secant's."""
    tangents = np.empty(len(times))
    tangents[0] = (values[1] - values[0]) / (times[1] - times[0])
    tangents[-1] = (values[-1] - values[-2]) / (times[-1] - times[-2])
    for i in range(1, len(times) - 1):
        (a, b, c), (ya, yb, yc) = times[i - 1 : i + 2], values[i - 1 : i + 2]
        tangents[i] = (
            ya * (b - c) / ((a - b) * (a - c))
            + yb * (2 * b - a - c) / ((b - a) * (b - c))
            + yc * (b - a) / ((c - a) * (c - b))
        )
    return tangents


def pchip():
    times = draw_times()
    values = draw_values(len(times))
    targets = draw_targets(times)
    return times, values, targets, PchipInterpolator(times, values)(targets)


def cubic():
    times = draw_times()
    values = draw_values(len(times))
    targets = draw_targets(times)
    tangents = parabola_tangents(times, values)
    return times, values, targets, CubicHermiteSpline(times, values, tangents)(targets)


def slerp():
    """Quaternions of any length and sign, as x, y, z, w."""
    times = draw_times()
    values = rng.normal(0, 1, (len(times), 4))
    if rng.random() < 0.3:
        values[1:] = values[0] + 1e-3 * values[1:]
    values = np.round(values * rng.choice([1, -1], (len(times), 1)), 6)
    targets = draw_targets(times)
    results = Slerp(times, Rotation.from_quat(values))(targets).as_quat()
    return times, values, targets, results


def main():
    kinds = {"pchip": pchip, "cubic": cubic, "slerp": slerp}
    rows = []
    for name, count in ROWS.items():
        for _ in range(count):
            times, values, targets, results = (x.ravel().tolist() for x in kinds[name]())
            row = dict(kind=name, times=times, values=values, targets=targets, results=results)
            rows.append(json.dumps(row, separators=(",", ":")))
    head = f'{{"scipy":"{scipy.__version__}","rows":[\n'
    path = pathlib.Path(__file__).with_name("fixture.json")
    path.write_text(head + ",\n".join(rows) + "\n]}\n")


main()
