//! What does each device make of the streams, and is it the same?

use super::measure::Measured;
use super::session::{GAP, Session, Stream};
use crate::console::{counted, row_bar};
use crate::device::Device;
use crate::engine::{Job, options};
use crate::time::Stamps;
use anyhow::{Context, Result, bail};
use robocache::registry::{CpuLevel, Target};
use robocache::trajectory::{Kind, dispatcher};

/// A log on the common clock, as one device made it.
pub(super) struct Resampled {
    pub(super) device: String,
    pub(super) streams: Vec<Part>,
}

/// A stream on the common clock.
pub(super) struct Part {
    /// By column.
    pub(super) values: Vec<Vec<f64>>,
    /// Which targets do not lie in a gap.
    pub(super) mask: Vec<bool>,
    /// What ran, each once.
    pub(super) variants: Vec<&'static str>,
    pub(super) micros: f64,
}

/// The whole log on one device, by its own choice of a variant or a forced one.
///
/// # Errors
/// What the library reports.
pub(super) fn resample(
    session: &Session,
    targets: &Stamps,
    device: &Device,
    forced: Option<&'static str>,
) -> Result<Resampled> {
    let streams = session.streams.iter();
    let parts = streams.map(|stream| {
        part(stream, targets, device, forced).with_context(|| format!("stream {:?}", stream.name))
    });
    Ok(Resampled {
        device: device.name(),
        streams: parts.collect::<Result<_>>()?,
    })
}

/// The whole log by the readable reference on the CPU.
///
/// # Errors
/// What the library reports.
pub(super) fn reference(session: &Session, targets: &Stamps) -> Result<Resampled> {
    let variants = dispatcher().variants().iter().map(|variant| variant.info);
    let mut scalar = variants.filter(|info| info.target == Target::Cpu(CpuLevel::Scalar));
    let id = scalar.next().map(|info| info.id);
    resample(session, targets, &Device::Cpu, id)
}

fn part(
    stream: &Stream,
    targets: &Stamps,
    device: &Device,
    forced: Option<&'static str>,
) -> Result<Part> {
    let mut part = Part {
        values: vec![Vec::new(); stream.columns.len()],
        mask: Vec::new(),
        variants: Vec::new(),
        micros: 0.0,
    };
    let gap = stream.stamps.median_spacing();
    let gap = gap.map(|median| stream.stamps.scalar(GAP * median));
    for (kind, hold) in [(Kind::Linear, false), (Kind::Previous, true)] {
        let columns = stream.columns.iter().enumerate();
        let chosen: Vec<usize> = columns
            .filter(|(_, column)| column.hold == hold)
            .map(|(at, _)| at)
            .collect();
        if chosen.is_empty() {
            continue;
        }
        let mut options = options(kind, gap);
        if let Some(id) = forced {
            options = options.forced(id);
        }
        let bar = row_bar("resampling");
        let done = Job {
            data: &matrix(stream, &chosen),
            columns: chosen.len(),
            source: &stream.stamps,
            target: targets,
            options,
            age: false,
        }
        .run(device, &bar)?;
        bar.finish_and_clear();
        for (place, &column) in chosen.iter().enumerate() {
            let values = done.values.iter().skip(place).step_by(chosen.len());
            part.values[column] = values.copied().collect();
        }
        let valid = done.mask.iter().map(|&valid| valid != 0);
        if part.mask.is_empty() {
            part.mask = valid.collect();
        } else {
            part.mask
                .iter_mut()
                .zip(valid)
                .for_each(|(all, valid)| *all &= valid);
        }
        if !part.variants.contains(&done.variant) {
            part.variants.push(done.variant);
        }
        part.micros += done.micros;
    }
    Ok(part)
}

/// Columns as `[S, D]` in row-major order.
fn matrix(stream: &Stream, chosen: &[usize]) -> Vec<f64> {
    let rows = 0..stream.stamps.len();
    rows.flat_map(|row| {
        let columns = chosen.iter();
        columns.map(move |&column| stream.columns[column].values[row])
    })
    .collect()
}

/// Says that all devices and the reference made the same bits.
///
/// # Errors
/// The first difference.
pub(super) fn agreement(
    session: &Session,
    made: &[Resampled],
    reference: &Resampled,
) -> Result<String> {
    let mut values = 0;
    for run in made {
        for ((stream, one), other) in session
            .streams
            .iter()
            .zip(&run.streams)
            .zip(&reference.streams)
        {
            values += one.values.iter().map(Vec::len).sum::<usize>();
            let who = |part: &Part| part.variants.join(", ");
            if one.mask != other.mask {
                bail!(
                    "the masks of stream {:?} differ between {} on {} and {}",
                    stream.name,
                    who(one),
                    run.device,
                    who(other)
                );
            }
            for (at, column) in stream.columns.iter().enumerate() {
                let pairs = one.values[at].iter().zip(&other.values[at]);
                let mut all = pairs.enumerate();
                let differs = all.find(|(_, (a, b))| !same(**a, **b));
                if let Some((target, (a, b))) = differs {
                    bail!(
                        "{:?} of stream {:?} differs at target {target}: {a:e} from {} on {}, {b:e} \
                         from {}; please report this with the log",
                        column.name,
                        stream.name,
                        who(one),
                        run.device,
                        who(other)
                    );
                }
            }
        }
    }
    let devices: Vec<&str> = made.iter().map(|run| run.device.as_str()).collect();
    let first = reference.streams.first();
    let id = first.map_or(String::new(), |part| part.variants.join(", "));
    Ok(format!(
        "Same bits: {} on {}, each as the reference {id} has it",
        counted(values, "value"),
        devices.join(" and on ")
    ))
}

/// Whether two values have the same bits, or both are NaN.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// Makes sure that two devices made the same batch.
///
/// # Errors
/// If they did not.
pub(super) fn same_f32(one: &Measured, a: &[f32], other: &Measured, b: &[f32]) -> Result<()> {
    let mut pairs = a.iter().zip(b).enumerate();
    let differs = pairs.find(|(_, (a, b))| !same(f64::from(**a), f64::from(**b)));
    if let Some((at, (a, b))) = differs {
        bail!(
            "value {at} of the batch differs: {a:e} from {} on {}, {b:e} from {} on {}; please \
             report this",
            one.variant,
            one.device,
            other.variant,
            other.device
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::session::Column;
    use crate::time::Unit;

    fn session() -> Session {
        let column = |name: &str, hold, values: &[f64]| Column {
            name: name.into(),
            unit: "",
            hold,
            values: values.to_vec(),
        };
        Session::of_one(
            Stream {
                name: "s".into(),
                stamps: Stamps::Float(vec![0.0, 1.0, 2.0, 3.0, 10.0, 11.0]),
                columns: vec![
                    column("flag", true, &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]),
                    column("x", false, &[0.0, 10.0, 20.0, 30.0, 100.0, 110.0]),
                ],
            },
            Unit::Seconds,
        )
    }

    #[test]
    fn steps_are_held_lines_are_drawn_and_gaps_are_marked() {
        let targets = Stamps::Float(vec![0.5, 2.0, 6.5, 10.5]);
        let made = reference(&session(), &targets).expect("resampled");
        let part = &made.streams[0];
        assert_eq!(part.values[0], [0.0, 0.0, 1.0, 0.0]);
        assert_eq!(part.values[1], [5.0, 20.0, 65.0, 105.0]);
        assert_eq!(part.mask, [true, true, false, true]);
    }

    #[test]
    fn a_single_different_bit_is_found() {
        let (session, targets) = (session(), Stamps::Float(vec![0.5, 1.5]));
        let made = || resample(&session, &targets, &Device::Cpu, None).expect("resampled");
        let reference = reference(&session, &targets).expect("resampled");
        let text = agreement(&session, &[made()], &reference).expect("the same");
        assert!(text.contains("4 values"), "{text}");
        let mut other = made();
        let value = &mut other.streams[0].values[1][1];
        *value = f64::from_bits(value.to_bits() + 1);
        let error = agreement(&session, &[made(), other], &reference).expect_err("a difference");
        assert!(error.to_string().contains("target 1"), "{error}");
        let mut other = made();
        other.streams[0].mask[0] = false;
        assert!(agreement(&session, &[other], &reference).is_err());
        assert!(same(f64::NAN, -f64::NAN) && !same(0.0, -0.0));
    }
}
