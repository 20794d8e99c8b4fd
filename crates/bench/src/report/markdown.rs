//! The tables as Markdown.

use super::rows::{Analysis, Compared};
use super::text::{date, fine, interval, megabytes, micros, number};
use crate::results::part::{OURS, PLANTED_SHARE};
use crate::stats::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The page beside a file of samples.
pub fn page(analysis: &Analysis<'_>, name: &str) -> String {
    let mut page = format!(
        "<!-- made by `cargo xtask report` from {name}.json -->\n# {} on {}\n\n{}\n",
        analysis.file.operation,
        device(analysis),
        circumstances(analysis)
    );
    page += "## Cold caches\n\n";
    page += &main_table(analysis);
    page += EXPLANATION;
    for plot in super::plots::NAMES {
        let _ = write!(page, "\n![{plot}]({name}-{plot}.svg)\n");
    }
    page += "\n## Warm caches, and the host's share\n\n";
    page += &warm_table(analysis);
    page += "\n## The measurement measured\n\n";
    page += &gates(analysis);
    page += &launches(analysis);
    page += &differing(analysis);
    page += &left_out(analysis);
    page
}

const EXPLANATION: &str = "\nP50 in microseconds with its 95 % interval; GB/s of the bytes that have to move; of the copy: \
     the time of a copy of as many bytes, over the time; further on, how many times as long the rivals take (below 1: the rival is faster).\n";

/// What ran, in a few words.
pub fn device<'a>(analysis: &'a Analysis<'_>) -> &'a str {
    analysis
        .file
        .setup
        .facts
        .get("model")
        .map_or("an unknown device", String::as_str)
}

/// The table that most readers want.
pub fn main_table(analysis: &Analysis<'_>) -> String {
    let mut table =
        "| shape | MB | variant | P50 µs | 95 % | P99 | GB/s | of the copy |".to_owned();
    let rivals = &analysis.rivals;
    let differs = |rival: &String| analysis.differing.iter().any(|(of, _)| of.name == *rival);
    for rival in rivals {
        let mark = if differs(rival) { "\\*" } else { "" };
        let _ = write!(table, " {rival}{mark} |");
    }
    table += "\n|---|---:|---|---:|---|---:|---:|---:|";
    table += &"---:|".repeat(rivals.len());
    for shape in &analysis.shapes {
        for subject in shape.shown() {
            let id = subject
                .name
                .trim_start_matches(&format!("{}.", analysis.file.operation));
            let tuned = if subject.name == shape.untuned {
                ""
            } else {
                " (tuned)"
            };
            let p50 = &subject.cold.estimates.p50;
            let _ = write!(
                table,
                "\n| {} | {} | {id}{tuned} | {} | {} | {} | {} | {} |",
                shape.name,
                megabytes(shape.bytes),
                micros(p50.value),
                interval(p50),
                micros(subject.cold.summary.p99),
                number(shape.speed(&subject.cold)),
                subject
                    .of_copy
                    .map_or("–".into(), |of| number(of.p50.value)),
            );
            for rival in rivals {
                let times = shape
                    .rival(rival)
                    .and_then(|rival| subject.times_faster_than(rival));
                let _ = write!(
                    table,
                    " {} |",
                    times.map_or("–".into(), |of| number(of.p50.value))
                );
            }
        }
    }
    table += "\n";
    if rivals.iter().any(differs) {
        table += "\n\\* has another result than ours with some shapes: how is said beside the samples.\n";
    }
    table
}

fn warm_table(analysis: &Analysis<'_>) -> String {
    let hosts = analysis
        .shapes
        .iter()
        .flat_map(|s| &s.subjects)
        .any(|s| s.host.is_some());
    let mut table = "| shape | what | cold P50 µs | 95 % | warm P50 µs | 95 % |".to_owned();
    table += if hosts { " host P50 µs | 95 % |" } else { "" };
    table += "\n|---|---|---:|---|---:|---|";
    table += if hosts { "---:|---|" } else { "" };
    for shape in &analysis.shapes {
        for subject in &shape.subjects {
            let p50 = &subject.cold.estimates.p50;
            let _ = write!(
                table,
                "\n| {} | {} | {} | {} |",
                shape.name,
                subject.name,
                micros(p50.value),
                interval(p50)
            );
            let others = [Some(&subject.warm), hosts.then_some(&subject.host)];
            for timed in others.into_iter().flatten() {
                let _ = match timed.as_ref().map(|timed| &timed.estimates.p50) {
                    Some(p50) => write!(table, " {} | {} |", micros(p50.value), interval(p50)),
                    None => write!(table, " – | – |"),
                };
            }
        }
    }
    table + "\n"
}

/// What a comparison of like with like, and of a slowed one, came to, in one line each.
pub fn verdicts(analysis: &Analysis<'_>) -> String {
    format!(
        "- A/A: {}\n- planted {:.0} %: {}\n",
        twin_verdict(analysis),
        100.0 * PLANTED_SHARE,
        planted_verdict(analysis)
    )
}

fn twin_verdict(analysis: &Analysis<'_>) -> String {
    let single = analysis.shapes.iter().filter_map(|shape| shape.twin);
    let failed = single
        .clone()
        .filter(|of| of.judgement.verdict() == Verdict::Fail)
        .count();
    let Some(all) = &analysis.twin else {
        return "not measured".into();
    };
    let word = match all.judgement.p50 {
        _ if failed > 0 || all.judgement.verdict() == Verdict::Fail => "not the same",
        Verdict::Pass => "same",
        _ => "cannot tell",
    };
    let of = fine(&all.ratios.p50);
    format!(
        "{word} (P50 over all shapes {of}; {failed} of {} shapes fail)",
        single.count()
    )
}

fn planted_verdict(analysis: &Analysis<'_>) -> String {
    let single = analysis.shapes.iter().filter_map(|shape| shape.planted);
    let found = single
        .clone()
        .filter(|of| of.judgement.p50 == Verdict::Fail)
        .count();
    let Some(all) = &analysis.planted else {
        return "not measured".into();
    };
    let word = match all.judgement.p50 {
        Verdict::Fail => "found",
        Verdict::Pass => "not found",
        Verdict::CannotTell => "cannot tell",
    };
    let of = fine(&all.ratios.p50);
    format!(
        "{word} (P50 over all shapes {of}; by itself in {found} of {} shapes)",
        single.count()
    )
}

fn gates(analysis: &Analysis<'_>) -> String {
    let mut text = verdicts(analysis);
    text += "\nThe variant that a call runs, beside itself and beside itself with a delay of 6 % of its median; cold. \
             Ratios of P50 and P99 with their 95 % intervals. More than 1.05 and 1.10 fail, where the whole \
             interval says so.\n\n";
    text += "| shape | A/A P50 | | A/A P99 | | planted P50 | |\n|---|---|---|---|---|---|---|";
    for shape in &analysis.shapes {
        let cells = |of: &Option<Compared>, p99: bool| match of {
            None => " – | – |".to_owned(),
            Some(of) if p99 => format!(" {} | {} |", fine(&of.ratios.p99), of.judgement.p99),
            Some(of) => format!(" {} | {} |", fine(&of.ratios.p50), of.judgement.p50),
        };
        let _ = write!(
            text,
            "\n| {} |{}{}{}",
            shape.name,
            cells(&shape.twin, false),
            cells(&shape.twin, true),
            cells(&shape.planted, false)
        );
    }
    text + "\n"
}

/// What launches cost on the host.
pub fn launches(analysis: &Analysis<'_>) -> String {
    if analysis.launches.is_empty() {
        return String::new();
    }
    let mut text =
        "\n## A launch on the host\n\n| | P50 ns | 95 % | P99 |\n|---|---:|---|---:|".to_owned();
    for (what, of) in &analysis.launches {
        let [p50, p99] = [micros(of.p50.value), micros(of.p99.value)];
        let _ = write!(text, "\n| {what} | {p50} | {} | {p99} |", interval(&of.p50));
    }
    text + "\n\nNanoseconds per call, in loops of 200 calls that take turns.\n"
}

fn differing(analysis: &Analysis<'_>) -> String {
    let lines = analysis.differing.iter();
    let lines = lines.map(|(of, shapes)| (&*of.name, &*of.how, &**shapes));
    section(analysis, "Whose results are others than ours", lines)
}

fn left_out(analysis: &Analysis<'_>) -> String {
    let lines = analysis.left_out.iter();
    let lines = lines.map(|(of, shapes)| (&*of.name, &*of.reason, &**shapes));
    section(analysis, "Who did not take part", lines)
}

/// What is said of whom, and of which shapes. Nothing, if nothing is.
fn section<'a>(
    analysis: &Analysis<'_>,
    title: &str,
    lines: impl ExactSizeIterator<Item = (&'a str, &'a str, &'a [String])>,
) -> String {
    if lines.len() == 0 {
        return String::new();
    }
    let mut text = format!("\n## {title}\n");
    for (name, words, shapes) in lines {
        let all = shapes.len() == analysis.shapes.len();
        let shapes = if all {
            "all shapes".to_owned()
        } else {
            shapes.join("; ")
        };
        let _ = write!(text, "\n- {name}: {words} ({shapes})");
    }
    text + "\n"
}

/// Under which circumstances, as a list.
pub fn circumstances(analysis: &Analysis<'_>) -> String {
    let (setup, parts) = (&analysis.file.setup, &analysis.file.parts);
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "- {name}: {value}");
    };
    let of = |values: BTreeSet<String>| values.into_iter().collect::<Vec<_>>().join(", ");
    let commands: BTreeSet<_> = parts
        .iter()
        .map(|part| format!("`{}`", part.state.command))
        .collect();
    line("made by", of(commands));
    line(
        "RoboCache",
        format!("{}, commit {}", setup.package, setup.commit),
    );
    let facts = setup.facts.iter().filter(|(name, _)| *name != "model");
    let facts: Vec<_> = facts
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    line(
        "device",
        format!("{}; {}", device(analysis), facts.join(", ")),
    );
    line("host", setup.host.clone());
    let mut seeds = BTreeMap::<&str, BTreeSet<u64>>::new();
    for part in parts {
        seeds.entry(&part.shape).or_default().insert(part.seed);
    }
    let repeats = parts
        .iter()
        .flat_map(|part| &part.series)
        .map(|series| series.cold.len());
    line(
        "samples",
        format!(
            "{} seeds of {} runs, in blocks of {}",
            counts(seeds.values().map(BTreeSet::len)),
            counts(repeats),
            setup.block
        ),
    );
    line(
        "dates",
        of(parts.iter().map(|part| date(part.state.time)).collect()),
    );
    let loads = parts.iter().filter_map(|part| part.state.load);
    let load = loads.fold(None, |range: Option<(f64, f64)>, load| {
        let (low, high) = range.unwrap_or((load[0], load[0]));
        Some((low.min(load[0]), high.max(load[0])))
    });
    if let Some((low, high)) = load {
        line("load average", format!("{low:.2} to {high:.2}"));
    }
    let names: BTreeSet<&String> = parts
        .iter()
        .flat_map(|part| part.state.gpu.keys())
        .collect();
    for name in names {
        line(
            name,
            range(parts.iter().filter_map(|part| part.state.gpu.get(name))),
        );
    }
    let contenders: BTreeSet<&String> = parts
        .iter()
        .flat_map(|part| part.state.versions.keys())
        .collect();
    for contender in contenders.into_iter().filter(|name| *name != OURS) {
        let versions = parts
            .iter()
            .filter_map(|part| part.state.versions.get(contender));
        let words = versions.map(|facts| {
            let facts = facts
                .iter()
                .map(|(name, version)| format!("{name} {version}"));
            facts.collect::<Vec<_>>().join(", ")
        });
        line(contender, of(words.collect()));
    }
    text
}

/// "2", or "1 to 3" if they differ.
fn counts(values: impl Iterator<Item = usize>) -> String {
    let (least, most) = values.fold((usize::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
    match least >= most {
        true => most.to_string(),
        false => format!("{least} to {most}"),
    }
}

/// From the least to the greatest if they are numbers, else all that there are.
fn range<'a>(values: impl Iterator<Item = &'a String>) -> String {
    let values: BTreeSet<&String> = values.collect();
    let numbers: Option<Vec<f64>> = values.iter().map(|value| value.parse().ok()).collect();
    match numbers {
        Some(mut numbers) if numbers.len() > 1 => {
            numbers.sort_by(f64::total_cmp);
            format!("{} to {}", numbers[0], numbers[numbers.len() - 1])
        }
        _ => values.into_iter().cloned().collect::<Vec<_>>().join(", "),
    }
}
