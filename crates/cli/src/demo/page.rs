//! What is shown?

use super::measure::Measured;
use super::run::Resampled;
use super::session::{GAP, Session};
use crate::report::{ColumnReport, Report, Run, ScanReport, StreamReport};
use crate::time::Stamps;
use anyhow::{Context, Result};
use std::path::Path;

/// What came out.
pub(super) struct Shown<'s> {
    pub(super) session: &'s Session,
    pub(super) rate: f64,
    pub(super) targets: &'s Stamps,
    pub(super) best: &'s Resampled,
    pub(super) measured: &'s [Measured],
    pub(super) agreement: &'s str,
    pub(super) scan: Option<ScanReport>,
}

/// Writes the page.
///
/// # Errors
/// What the operating system says.
pub(super) fn write(path: &Path, shown: Shown<'_>) -> Result<()> {
    let Shown {
        session,
        rate,
        targets,
        best,
        agreement,
        ..
    } = shown;
    let origin = Origin::of(session);
    let unit = session.unit.per_second() as f64;
    let target_times = origin.seconds(targets, unit);
    let times: Vec<Vec<f64>> = session
        .streams
        .iter()
        .map(|stream| origin.seconds(&stream.stamps, unit))
        .collect();
    let streams = session.streams.iter().zip(&times).zip(&best.streams);
    let streams = streams.map(|((stream, times), part)| StreamReport {
        name: stream.name.clone(),
        columns: stream
            .columns
            .iter()
            .zip(&part.values)
            .map(|(column, values)| ColumnReport {
                name: column.name.trim(),
                unit: column.unit,
                step: column.hold,
                source_times: times,
                source_values: &column.values,
                target_times: &target_times,
                target_values: values,
                mask: Some(&part.mask),
            })
            .collect(),
    });
    let streams: Vec<StreamReport<'_>> = streams.collect();
    let report = Report {
        title: title(streams.len()),
        subtitle: format!(
            "{}, resampled to {rate} Hz{} by {}.",
            session.title,
            if streams.len() == 1 {
                ""
            } else {
                " on one shared time axis"
            },
            best.device
        ),
        runs: shown.measured.iter().map(Run::from).collect(),
        streams,
        scan: shown.scan,
        notes: notes(session, agreement),
    };
    report
        .write(path)
        .with_context(|| path.display().to_string())
}

fn title(streams: usize) -> String {
    match streams {
        1 => "One stream on an even clock".to_owned(),
        2 => "One clock for two streams".to_owned(),
        3 => "One clock for three streams".to_owned(),
        many => format!("One clock for {many} streams"),
    }
}

fn notes(session: &Session, agreement: &str) -> Vec<String> {
    let mut notes = vec![
        format!("{agreement}."),
        format!(
            "Values are not valid where they lie in a gap of the recording, more than {GAP} median \
             spacings wide, or beyond its ends."
        ),
        "Lines are interpolated linearly; steps keep their previous sample's value.".to_owned(),
    ];
    if session.is_synthetic {
        notes.push(
            "The log is synthetic, and its faults are those of real logs: jitter, dropped samples, a \
             stall, clocks that run fast or slow. It is the same in every run."
                .to_owned(),
        );
    }
    notes
}

impl From<&Measured> for Run {
    fn from(measured: &Measured) -> Run {
        Run {
            device: measured.device.clone(),
            variant: measured.variant.to_owned(),
            shape: measured.shape.clone(),
            micros: measured.micros,
            gigabytes_per_second: measured.gigabytes_per_second,
            copy_gigabytes_per_second: measured.copy_gigabytes_per_second,
        }
    }
}

/// The earliest stamp of a session, which is zero on the page.
enum Origin {
    Float(f64),
    Ticks(i64),
}

impl Origin {
    fn of(session: &Session) -> Origin {
        let mut origin = None;
        for stream in &session.streams {
            origin = match (origin, &stream.stamps) {
                (Some(Origin::Float(time)), Stamps::Float(times)) => Some(Origin::Float(
                    times.first().map_or(time, |first| first.min(time)),
                )),
                (None, Stamps::Float(times)) => times.first().map(|&time| Origin::Float(time)),
                (Some(Origin::Ticks(time)), Stamps::Ticks(times)) => Some(Origin::Ticks(
                    times.first().map_or(time, |&first| first.min(time)),
                )),
                (None, Stamps::Ticks(times)) => times.first().map(|&time| Origin::Ticks(time)),
                (origin, _) => origin,
            };
        }
        origin.unwrap_or(Origin::Float(0.0))
    }

    /// Stamps in seconds since the origin: differences first, so that large epochs lose nothing.
    fn seconds(&self, stamps: &Stamps, unit: f64) -> Vec<f64> {
        match (self, stamps) {
            (Origin::Float(origin), Stamps::Float(times)) => {
                times.iter().map(|time| (time - origin) / unit).collect()
            }
            (Origin::Ticks(origin), Stamps::Ticks(times)) => {
                let since = times
                    .iter()
                    .map(|&time| (i128::from(time) - i128::from(*origin)) as f64);
                since.map(|ticks| ticks / unit).collect()
            }
            // All streams of a session have one type of stamps.
            _ => Vec::new(),
        }
    }
}
