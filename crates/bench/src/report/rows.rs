//! What does a file of samples say about each shape?

use crate::results::part::{Measured, OURS, PLANTED, TWIN};
use crate::results::{LeftOut, ResultFile, Series};
use crate::serve::COPY;
use crate::stats::bootstrap::ratio_of_all;
use crate::stats::summary::Summary;
use crate::stats::{Estimates, Judgement, Samples, describe, judge, ratio};
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is shown of a file.
pub struct Analysis<'a> {
    /// The file.
    pub file: &'a ResultFile,
    /// Its shapes, in its order.
    pub shapes: Vec<Shape>,
    /// The peers that were timed with some shape.
    pub rivals: Vec<String>,
    /// A comparison of a variant with itself, over all shapes.
    pub twin: Option<Compared>,
    /// A comparison of a slowed variant with itself, over all shapes.
    pub planted: Option<Compared>,
    /// What launches cost on the host, in nanoseconds.
    pub launches: Vec<(String, Estimates)>,
    /// Whose results are others than ours, how, and with which shapes.
    pub differing: Vec<(Differing, Vec<String>)>,
    /// Who did not take part, why, and with which shapes.
    pub left_out: Vec<(LeftOut, Vec<String>)>,
}

/// A rival whose result is another one than ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Differing {
    /// Its name.
    pub name: String,
    /// How, in its own words.
    pub how: String,
}

/// One shape.
pub struct Shape {
    /// In the operation's syntax.
    pub name: String,
    /// The bytes that have to move, in the mean over the seeds.
    pub bytes: f64,
    /// The variant that runs where nothing was measured.
    pub untuned: String,
    /// The variant that a race chose, if there was one.
    pub tuned: Option<String>,
    /// Everything that was timed.
    pub subjects: Vec<Subject>,
    /// The untuned variant beside itself.
    pub twin: Option<Compared>,
    /// The slowed variant beside itself as it is.
    pub planted: Option<Compared>,
}

/// One thing that was timed.
pub struct Subject {
    /// Who.
    pub contender: String,
    /// What.
    pub name: String,
    /// With cold caches, with warm ones, and on the host; the last for devices alone.
    pub cold: Timed,
    /// See `cold`.
    pub warm: Option<Timed>,
    /// See `cold`.
    pub host: Option<Timed>,
    /// The time of the copy over its own, cold.
    pub of_copy: Option<Estimates>,
    /// Its time over that of our untuned variant, cold.
    pub to_ours: Option<Estimates>,
}

/// Samples in a few numbers.
pub struct Timed {
    /// The samples.
    samples: Samples,
    /// What they are like.
    pub summary: Summary,
    /// How sure that is.
    pub estimates: Estimates,
}

/// A comparison and what comes of it.
#[derive(Clone, Copy)]
pub struct Compared {
    /// The ratios.
    pub ratios: Estimates,
    /// The verdicts.
    pub judgement: Judgement,
}

/// Makes sense of a file.
///
/// # Errors
/// If something is missing from it that every run has.
pub fn analyse(file: &ResultFile) -> Result<Analysis<'_>> {
    let mut shapes: Vec<Shape> = Vec::new();
    for part in &file.parts {
        if shapes.iter().all(|shape| shape.name != part.shape) {
            shapes.push(shape(file, &part.shape).with_context(|| part.shape.clone())?);
        }
    }
    let peers = shapes.iter().flat_map(|shape| &shape.subjects);
    let peers = peers.filter(|subject| subject.contender != OURS);
    let present: BTreeSet<&str> = peers.map(|subject| subject.name.as_str()).collect();
    // In the order of the harness' list, whatever is new to it last.
    let known = crate::run::peers::PEERS.iter().map(|peer| peer.name);
    let mut rivals: Vec<String> = known
        .filter(|name| present.contains(name))
        .map(str::to_owned)
        .collect();
    let others: Vec<_> = present
        .iter()
        .filter(|name| !rivals.iter().any(|r| r == *name))
        .collect();
    rivals.extend(others.into_iter().map(|name| (*name).to_owned()));
    Ok(Analysis {
        twin: over_all(&shapes, TWIN),
        planted: over_all(&shapes, PLANTED),
        rivals,
        launches: launches(file),
        differing: differing(file),
        left_out: left_out(file),
        shapes,
        file,
    })
}

fn shape(file: &ResultFile, name: &str) -> Result<Shape> {
    let parts: Vec<_> = file
        .parts
        .iter()
        .filter(|part| part.shape == name)
        .collect();
    let first = parts.first().context("no part")?;
    let mut names: Vec<(&str, &str)> = Vec::new();
    for series in parts.iter().flat_map(|part| &part.series) {
        let name = (series.contender.as_str(), series.subject.as_str());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let samples = |(contender, subject): (&str, &str), of: fn(&Series) -> &Vec<f64>| -> Samples {
        let mut samples = Samples::new();
        for part in &parts {
            let mine = |s: &&Series| s.contender == contender && s.subject == subject;
            if let Some(series) = part.series.iter().find(mine)
                && !of(series).is_empty()
            {
                samples.insert(part.seed, of(series).clone());
            }
        }
        samples
    };
    for part in &parts {
        ensure!(
            part.untuned == first.untuned,
            "the variant that runs untuned differs between seeds"
        );
    }
    let ours = samples((OURS, &first.untuned), |series| &series.cold);
    ensure!(!ours.is_empty(), "no samples of {}", first.untuned);
    let copy = samples((OURS, COPY), |series| &series.cold);
    let mut subjects = Vec::new();
    for &name in &names {
        let cold = samples(name, |series| &series.cold);
        subjects.push(Subject {
            contender: name.0.to_owned(),
            name: name.1.to_owned(),
            of_copy: ratio(&copy, &cold),
            to_ours: ratio(&cold, &ours),
            cold: timed(cold).with_context(|| format!("no samples of {}", name.1))?,
            warm: timed(samples(name, |series| &series.warm)),
            host: timed(samples(name, |series| &series.host)),
        });
    }
    let beside = |what: &str| {
        let subject: Option<&Subject> = subjects
            .iter()
            .find(|s| s.contender == OURS && s.name == what);
        Some(compared(subject?.to_ours?))
    };
    Ok(Shape {
        name: name.to_owned(),
        bytes: parts.iter().map(|part| part.bytes as f64).sum::<f64>() / parts.len() as f64,
        untuned: first.untuned.clone(),
        tuned: parts.iter().find_map(|part| part.tuned.clone()),
        twin: beside(TWIN),
        planted: beside(PLANTED),
        subjects,
    })
}

fn timed(samples: Samples) -> Option<Timed> {
    let all: Vec<f64> = samples.values().flatten().copied().collect();
    Some(Timed {
        summary: Summary::of(&all)?,
        estimates: describe(&samples)?,
        samples,
    })
}

fn compared(ratios: Estimates) -> Compared {
    Compared {
        ratios,
        judgement: judge(&ratios),
    }
}

fn over_all(shapes: &[Shape], what: &str) -> Option<Compared> {
    let pairs = shapes.iter().filter_map(|shape| {
        let one = shape.subject(OURS, what)?;
        Some((&one.cold.samples, &shape.ours()?.cold.samples))
    });
    ratio_of_all(&pairs.collect::<Vec<_>>()).map(compared)
}

fn launches(file: &ResultFile) -> Vec<(String, Estimates)> {
    let mut kinds: Vec<(String, Samples)> = Vec::new();
    for part in &file.parts {
        for launches in &part.launches {
            let at = kinds.iter().position(|(what, _)| *what == launches.what);
            let at = at.unwrap_or_else(|| {
                kinds.push((launches.what.clone(), Samples::new()));
                kinds.len() - 1
            });
            kinds[at].1.insert(part.seed, launches.nanos.clone());
        }
    }
    let described = kinds
        .into_iter()
        .filter_map(|(what, nanos)| Some((what, describe(&nanos)?)));
    described.collect()
}

fn differing(file: &ResultFile) -> Vec<(Differing, Vec<String>)> {
    shapes_of(file, |part| {
        let series = part.series.iter().filter(|s| !s.differs.is_empty());
        let differing = series.map(|series| Differing {
            name: series.subject.clone(),
            how: series.differs.clone(),
        });
        differing.collect()
    })
}

fn left_out(file: &ResultFile) -> Vec<(LeftOut, Vec<String>)> {
    shapes_of(file, |part| part.left_out.clone())
}

/// What there is to say, each once, and the shapes of which it is said.
fn shapes_of<T: Ord>(
    file: &ResultFile,
    said: impl Fn(&Measured) -> Vec<T>,
) -> Vec<(T, Vec<String>)> {
    let mut all: BTreeMap<T, Vec<String>> = BTreeMap::new();
    for part in &file.parts {
        for said in said(part) {
            let shapes = all.entry(said).or_default();
            if !shapes.contains(&part.shape) {
                shapes.push(part.shape.clone());
            }
        }
    }
    all.into_iter().collect()
}

impl Shape {
    /// Something that was timed, by name.
    pub fn subject(&self, contender: &str, name: &str) -> Option<&Subject> {
        self.subjects
            .iter()
            .find(|s| s.contender == contender && s.name == name)
    }

    /// What a call runs where nothing was measured.
    pub fn ours(&self) -> Option<&Subject> {
        self.subject(OURS, &self.untuned)
    }

    /// That, and what a race chose if that is something else.
    pub fn shown(&self) -> Vec<&Subject> {
        let tuned = self.tuned.as_ref().filter(|id| **id != self.untuned);
        let tuned = tuned.and_then(|id| self.subject(OURS, id));
        self.ours().into_iter().chain(tuned).collect()
    }

    /// A rival's samples.
    pub fn rival(&self, name: &str) -> Option<&Subject> {
        self.subjects
            .iter()
            .find(|s| s.contender != OURS && s.name == name)
    }

    /// 10⁹ bytes that have to move per second, at a median time.
    pub fn speed(&self, timed: &Timed) -> f64 {
        self.bytes / timed.summary.p50 / 1e3
    }
}

impl Subject {
    /// How many times its own time another one takes, cold.
    pub fn times_faster_than(&self, other: &Subject) -> Option<Estimates> {
        ratio(&other.cold.samples, &self.cold.samples)
    }
}
