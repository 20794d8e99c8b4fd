//! A problem whose answer is known in closed form, run on every variant of a device.

use crate::{Options, Problem, Resample, Variant, dispatcher};
use robocache_core::{Error, Result, TensorView, TensorViewMut, TimeAxis};
use robocache_registry::{DeviceCaps, DeviceId, SelfTest, SelfTestOutcome};

const BATCH: usize = 64;
const SAMPLES: usize = 256;
const TARGETS: usize = 256;
const COLUMNS: usize = 16;
const REPEATS: usize = 5;

/// Straight lines `a + c * t` sampled at uneven times: whatever the brackets, a linear resampling has
/// to find the lines again.
struct Lines {
    data: Vec<f32>,
    source: Vec<f64>,
    target: Vec<f64>,
}

impl Lines {
    fn new() -> Lines {
        let source: Vec<f64> = (0..SAMPLES)
            .map(|i| i as f64 * 0.01 + 0.004 * (i as f64 * 1.7).sin())
            .collect();
        let last = source[SAMPLES - 1];
        let target = (0..TARGETS)
            .map(|i| last * i as f64 / TARGETS as f64)
            .collect();
        let mut data = Vec::with_capacity(BATCH * SAMPLES * COLUMNS);
        for row in 0..BATCH {
            for &t in &source {
                data.extend((0..COLUMNS).map(|column| value(row, column, t) as f32));
            }
        }
        Lines {
            data,
            source,
            target,
        }
    }

    fn check(&self, out: &[f32]) -> Result<(), String> {
        for (i, &found) in out.iter().enumerate() {
            let (row, rest) = (i / (TARGETS * COLUMNS), i % (TARGETS * COLUMNS));
            let (target, column) = (rest / COLUMNS, rest % COLUMNS);
            let expected = value(row, column, self.target[target]);
            // The samples were rounded to f32, and so is each of the few operations.
            let error = (f64::from(found) - expected).abs();
            if error.is_nan() || error > 4e-6 {
                return Err(format!(
                    "row {row}, target {target}, column {column}: found {found}, expected {expected}"
                ));
            }
        }
        Ok(())
    }
}

fn value(row: usize, column: usize, t: f64) -> f64 {
    row as f64 / BATCH as f64 + (column as f64 - 8.0) * 0.25 * t
}

pub(crate) fn run(device: DeviceId) -> Vec<SelfTest> {
    let lines = Lines::new();
    let test = |variant: &'static Variant| {
        let outcome = match device {
            DeviceId::Cpu => on_cpu(variant, &lines),
            DeviceId::Cuda(ordinal) => on_cuda(variant, &lines, ordinal),
        };
        let outcome = outcome.unwrap_or_else(|error| match error {
            Error::Unsupported { mut refusals, .. } if refusals.len() == 1 => {
                SelfTestOutcome::Refused(refusals.remove(0).refusal)
            }
            other => SelfTestOutcome::Failed(other.to_string()),
        });
        SelfTest {
            variant: variant.info.id,
            outcome,
        }
    };
    dispatcher()
        .variants()
        .iter()
        .filter(|variant| match device {
            DeviceId::Cpu => is_cpu(variant),
            DeviceId::Cuda(_) => !is_cpu(variant),
        })
        .map(|variant| test(variant))
        .collect()
}

fn is_cpu(variant: &Variant) -> bool {
    matches!(variant.info.target, robocache_registry::Target::Cpu(_))
}

fn outcome(lines: &Lines, problem: &Problem, out: &[f32], micros: f64) -> SelfTestOutcome {
    match lines.check(out) {
        Ok(()) => SelfTestOutcome::Passed {
            micros,
            gigabytes_per_second: problem.bytes() as f64 / micros / 1e3,
        },
        Err(difference) => SelfTestOutcome::Failed(difference),
    }
}

fn on_cpu(variant: &'static Variant, lines: &Lines) -> Result<SelfTestOutcome> {
    let mut out = vec![f32::NAN; BATCH * TARGETS * COLUMNS];
    let mut best = f64::INFINITY;
    let mut problem = None;
    // What the device lacks is said before anything runs.
    variant
        .info
        .runs_on(DeviceCaps::cpu())
        .map_err(|refusal| Error::Unsupported {
            op: "trajectory",
            device: DeviceCaps::cpu().to_string(),
            refusals: vec![robocache_core::Refused {
                variant: variant.info.id,
                refusal,
            }],
        })?;
    for _ in 0..REPEATS {
        let request = Resample::new(
            TensorView::from_slice(&lines.data, [BATCH, SAMPLES, COLUMNS])?,
            TimeAxis::Shared(TensorView::from_slice(&lines.source, [SAMPLES])?),
            TimeAxis::Shared(TensorView::from_slice(&lines.target, [TARGETS])?),
            TensorViewMut::from_slice(&mut out, [BATCH, TARGETS, COLUMNS])?,
        )
        .options(Options::default().forced(variant.info.id));
        problem = Some(Problem::of(&request)?);
        let start = std::time::Instant::now();
        crate::resample(request)?;
        best = best.min(start.elapsed().as_secs_f64() * 1e6);
    }
    let problem = problem.ok_or(Error::Overflow { what: "nothing" })?;
    Ok(outcome(lines, &problem, &out, best))
}

#[cfg(feature = "cuda")]
fn on_cuda(variant: &'static Variant, lines: &Lines, ordinal: u32) -> Result<SelfTestOutcome> {
    use robocache_core::Layout;
    use robocache_cuda::{DeviceBuffer, Driver, Event, Stream};

    let context = Driver::open()?.context(ordinal)?;
    let stream = Stream::new(&context)?;
    let count = BATCH * TARGETS * COLUMNS;
    let data = DeviceBuffer::upload(&stream, &lines.data)?;
    let source = DeviceBuffer::upload(&stream, &lines.source)?;
    let target = DeviceBuffer::upload(&stream, &lines.target)?;
    let mut out = DeviceBuffer::new(&context, count * size_of::<f32>())?;
    out.fill(&stream, 0xff)?; // NaNs: what is not written fails the comparison
    let (start, end) = (Event::new(&context)?, Event::new(&context)?);
    let mut best = f64::INFINITY;
    let mut problem = None;
    for _ in 0..REPEATS {
        let request = Resample::new(
            data.view::<f32, 3>(0, Layout::contiguous([BATCH, SAMPLES, COLUMNS])?)?,
            TimeAxis::Shared(source.view::<f64, 1>(0, Layout::contiguous([SAMPLES])?)?),
            TimeAxis::Shared(target.view::<f64, 1>(0, Layout::contiguous([TARGETS])?)?),
            out.view_mut::<f32, 3>(0, Layout::contiguous([BATCH, TARGETS, COLUMNS])?)?,
        )
        .options(Options::default().forced(variant.info.id));
        problem = Some(Problem::of(&request)?);
        start.record(&stream)?;
        crate::enqueue(request, &stream, None)?;
        end.record(&stream)?;
        end.synchronize()?;
        best = best.min(end.micros_since(&start)?);
    }
    let found = out.download::<f32>(&stream, count)?;
    let problem = problem.ok_or(Error::Overflow { what: "nothing" })?;
    Ok(outcome(lines, &problem, &found, best))
}

#[cfg(not(feature = "cuda"))]
fn on_cuda(_: &'static Variant, _: &Lines, _: u32) -> Result<SelfTestOutcome> {
    Err(Error::DriverMissing {
        reason: "this program was built without the feature `cuda`".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_of_this_cpu_passes() {
        let tests = run(DeviceId::Cpu);
        assert!(
            tests
                .iter()
                .any(|test| matches!(test.outcome, SelfTestOutcome::Passed { .. }))
        );
        for test in tests {
            assert!(
                !matches!(test.outcome, SelfTestOutcome::Failed(_)),
                "{test:?}"
            );
        }
    }

    #[test]
    fn a_wrong_value_is_noticed() {
        let lines = Lines::new();
        let mut out = vec![0f32; BATCH * TARGETS * COLUMNS];
        for (i, out) in out.iter_mut().enumerate() {
            let (row, rest) = (i / (TARGETS * COLUMNS), i % (TARGETS * COLUMNS));
            *out = value(row, rest % COLUMNS, lines.target[rest / COLUMNS]) as f32;
        }
        assert_eq!(lines.check(&out), Ok(()));
        out[12_345] += 1e-3;
        assert!(lines.check(&out).is_err());
        out[12_345] = f32::NAN;
        assert!(lines.check(&out).is_err());
    }
}
