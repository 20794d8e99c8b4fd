//! What does a batch for training look like, cut from the log?

use super::session::Session;
use crate::memory;
use crate::time::Stamps;
use robocache::trajectory::Resample;
use robocache::{Result, TensorView, TensorViewMut, TimeAxis};

/// Samples of a window, where the log has so many.
const SAMPLES: usize = 250;
/// Windows are halved in rate, as logs at 100 Hz are for policies at 50 Hz.
const TARGETS_PER_SAMPLE: f64 = 0.5;
/// No batch for training is smaller.
const FEWEST_WINDOWS: usize = 256;

/// Windows of the log's first stream, each with its own times.
pub(super) struct Batch {
    pub(super) windows: usize,
    pub(super) samples: usize,
    pub(super) targets: usize,
    pub(super) columns: usize,
    /// `[windows, samples, columns]`
    pub(super) data: Vec<f32>,
    /// `[windows, samples]`, in seconds since the start of the log.
    pub(super) source: Vec<f64>,
    /// `[windows, targets]`
    pub(super) target: Vec<f64>,
}

impl Batch {
    /// As many windows as move about `goal` bytes, or as memory allows; `None` for a log of fewer
    /// than two samples.
    ///
    /// The windows begin at samples spread evenly over the log, so they overlap where the log is
    /// short; each is a copy of its own, as a data loader would make it.
    pub(super) fn cut(session: &Session, goal: u128) -> Option<Batch> {
        let stream = session.streams.first()?;
        let times = seconds(&stream.stamps, session.unit.per_second());
        let samples = times.len().min(SAMPLES);
        let columns = stream.columns.len();
        if samples < 2 || columns == 0 {
            return None;
        }
        let targets = ((samples as f64 * TARGETS_PER_SAMPLE) as usize).max(1);
        let each = (samples + targets) * (4 * columns + 8);
        let free = memory::available().map_or(goal, |free| u128::from(free) / 8);
        let fitting = goal.min(free).div_ceil(each as u128);
        let windows = usize::try_from(fitting).ok()?.next_multiple_of(64);
        let windows = windows.max(FEWEST_WINDOWS);
        let mut batch = Batch {
            windows,
            samples,
            targets,
            columns,
            data: Vec::with_capacity(windows * samples * columns),
            source: Vec::with_capacity(windows * samples),
            target: Vec::with_capacity(windows * targets),
        };
        for window in 0..windows {
            let from = (times.len() - samples) * window / (windows - 1);
            for row in from..from + samples {
                let values = stream
                    .columns
                    .iter()
                    .map(|column| column.values[row] as f32);
                batch.data.extend(values);
            }
            batch.source.extend(&times[from..from + samples]);
            let (first, last) = (times[from], times[from + samples - 1]);
            let step = (last - first) / targets as f64;
            batch
                .target
                .extend((0..targets).map(|k| first + k as f64 * step));
        }
        Some(batch)
    }

    /// Values that come out.
    pub(super) fn out_len(&self) -> usize {
        self.windows * self.targets * self.columns
    }

    /// The sizes in words.
    pub(super) fn shape(&self) -> String {
        format!(
            "{} × {} × {} → {} f32",
            self.windows, self.samples, self.columns, self.targets
        )
    }

    /// The batch as a request in host memory. The log's times were checked when it was read.
    ///
    /// # Errors
    /// If `out` is of another size.
    pub(super) fn request<'a>(&'a self, out: &'a mut [f32]) -> Result<Resample<'a>> {
        let (windows, columns) = (self.windows, self.columns);
        Ok(Resample::new(
            TensorView::from_slice(&self.data, [windows, self.samples, columns])?,
            TimeAxis::PerRow(TensorView::from_slice(
                &self.source,
                [windows, self.samples],
            )?),
            TimeAxis::PerRow(TensorView::from_slice(
                &self.target,
                [windows, self.targets],
            )?),
            TensorViewMut::from_slice(out, [windows, self.targets, columns])?,
        )
        .options(super::measure::options()))
    }
}

/// Stamps in seconds since the first of them.
pub(super) fn seconds(stamps: &Stamps, per_second: u64) -> Vec<f64> {
    let unit = per_second as f64;
    match stamps {
        Stamps::Float(times) => {
            let first = times.first().copied().unwrap_or(0.0);
            times.iter().map(|time| (time - first) / unit).collect()
        }
        Stamps::Ticks(times) => {
            let first = times.first().copied().unwrap_or(0);
            let since = times.iter().map(|time| time.abs_diff(first) as f64 / unit);
            since.collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_sorted_pieces_of_the_log_from_end_to_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let session = Session::synthesize(4.0, folder.path()).expect("a log");
        let batch = Batch::cut(&session, 1 << 20).expect("a batch");
        let arm = &session.streams[0];
        assert_eq!((batch.samples, batch.targets, batch.columns), (250, 125, 7));
        assert!(batch.windows >= 256 && batch.windows.is_multiple_of(64));
        let each = (250 + 125) * (4 * 7 + 8);
        assert!(batch.windows * each >= 1 << 20);
        for (source, target) in batch.source.chunks(250).zip(batch.target.chunks(125)) {
            assert!(source.is_sorted() && target.is_sorted());
            assert!(source[0] <= target[0] && target[124] <= source[249]);
        }
        let last = arm.columns[6].values.last().map(|&value| value as f32);
        assert_eq!(batch.data.last().copied(), last);
        assert_eq!(batch.data[0], arm.columns[0].values[0] as f32);
        assert_eq!(batch.data.len(), batch.windows * 250 * 7);
    }

    #[test]
    fn integer_stamps_become_seconds_since_the_first() {
        let stamps = Stamps::Ticks(vec![i64::MIN, i64::MIN + 500_000_000]);
        assert_eq!(seconds(&stamps, 1_000_000_000), [0.0, 0.5]);
    }
}
