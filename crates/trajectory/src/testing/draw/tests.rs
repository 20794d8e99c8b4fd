//! Whether the draws meet everything that they should.

use super::*;
use robocache_registry::Case;
use std::collections::BTreeSet;

fn form(axis: &Axis) -> &'static str {
    match axis {
        Axis::PerRow(times) if times.space.layout.strides[0] == 0 => "expanded",
        Axis::PerRow(_) => "per row",
        Axis::Shared(_) => "shared",
        Axis::Uniform { .. } => "uniform",
    }
}

/// The habits of a trial that some test must meet.
fn habits(trial: &Trial) -> Vec<String> {
    let [batch, targets, columns] = trial.shape();
    let rows = match &trial.batch {
        Batch::Dense => "dense".to_owned(),
        Batch::Lengths(index) => format!("lengths {}", index.space.dtype),
        Batch::Packed(index) => format!("offsets {}", index.space.dtype),
    };
    let samples = trial.data.space.layout.shape[1];
    let options = &trial.options;
    let mut all = vec![
        format!("cast {} {}", trial.data.space.dtype, trial.out.dtype),
        format!("source {} {rows}", form(&trial.source)),
        format!("target {}", form(&trial.target)),
        match options.kind {
            Kinds::All(kind) => format!("kind {kind:?} {:?}", options.extrapolation),
            Kinds::Spans(spans) => format!(
                "spans {} {:?}",
                if spans.is_repeated() {
                    "repeated"
                } else {
                    "once"
                },
                options.extrapolation
            ),
        },
        format!("columns {columns}"),
        format!(
            "samples {}",
            if samples < 4 {
                samples
            } else {
                4 + samples / 4097
            }
        ),
        format!("mask {}", trial.mask.is_some()),
        format!("age {}", trial.age.is_some()),
        format!("check {}", options.check),
        format!("invalid {:?}", options.invalid),
        format!("empty {}", batch * targets == 0),
        format!("offset {}", options.offset.is_some()),
        format!("tolerance {}", options.tolerance.is_some()),
        format!("max_gap {}", options.max_gap.is_some()),
    ];
    for (name, space) in [("data", &trial.data.space), ("out", &trial.out)] {
        let strides = space.layout.strides;
        all.push(format!("{name} shifted {}", space.shift % 16 != 0));
        all.push(format!("{name} plain {}", space.layout.is_contiguous()));
        all.push(format!(
            "{name} reversed {}",
            strides.iter().any(|&s| s < 0)
        ));
        all.push(format!("{name} repeated {}", strides[0] == 0 && batch > 1));
    }
    all
}

#[test]
fn draws_reach_every_habit() {
    let mut met = BTreeSet::new();
    for seed in 0..4000 {
        met.extend(habits(&trial(seed)));
    }
    let mut wanted = Vec::new();
    for a in FLOATS.into_iter().chain(INTEGERS) {
        wanted.extend(FLOATS.map(|b| format!("cast {a} {b}")));
        wanted.push(format!("cast {a} {a}"));
    }
    for rows in ["dense", "lengths i32", "lengths i64"] {
        let forms = ["expanded", "per row", "shared", "uniform"];
        wanted.extend(forms.map(|form| format!("source {form} {rows}")));
        wanted.extend(forms.map(|form| format!("target {form}")));
    }
    for rows in ["offsets i32", "offsets i64"] {
        wanted.extend(["shared", "uniform"].map(|form| format!("source {form} {rows}")));
    }
    for kind in Kind::ALL {
        wanted.extend(Extrapolation::ALL.map(|rule| format!("kind {kind:?} {rule:?}")));
    }
    for spans in ["once", "repeated"] {
        wanted.extend(Extrapolation::ALL.map(|rule| format!("spans {spans} {rule:?}")));
    }
    wanted.extend(COLUMNS.map(|columns| format!("columns {columns}")));
    wanted.extend((0..6).map(|samples| format!("samples {samples}")));
    wanted.extend(["invalid Keep", "invalid Fill"].map(str::to_owned));
    for name in [
        "mask",
        "age",
        "check",
        "empty",
        "offset",
        "tolerance",
        "max_gap",
        "data shifted",
        "data plain",
        "data reversed",
        "data repeated",
        "out shifted",
        "out plain",
        "out reversed",
    ] {
        wanted.extend([true, false].map(|flag| format!("{name} {flag}")));
    }
    let missed: Vec<_> = wanted
        .iter()
        .filter(|&habit| !met.contains(habit))
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
    assert!(
        !met.contains("out repeated true"),
        "outputs overlap themselves"
    );
}

#[test]
fn a_seed_is_a_problem_for_good() {
    assert_eq!(trial(7).describe(), trial(7).describe());
    assert_eq!(trial(7).data.body, trial(7).data.body);
    assert_ne!(trial(7).describe(), trial(8).describe());
    assert!(trial(7).describe().contains("seed 7"));
}
