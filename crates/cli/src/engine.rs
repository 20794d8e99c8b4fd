//! How is one block of samples resampled on a device?

use crate::device::Device;
use crate::memory;
use crate::time::Stamps;
use anyhow::Result;
use indicatif::ProgressBar;
use robocache::trajectory::{Kind, Options, Plan, Resample};
use robocache::{Element, TensorView, TensorViewMut, TimeScalar};
use std::time::Instant;

/// Values that are computed between two reports of progress on the CPU.
const REPORT_EVERY: usize = 1 << 22;

/// Samples `[S, D]` of one stream and the times at which they are wanted.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) columns: usize,
    pub(crate) source: &'a Stamps,
    pub(crate) target: &'a Stamps,
    pub(crate) options: Options,
    /// Whether the samples' ages are wanted.
    pub(crate) age: bool,
}

/// What became of a job.
pub(crate) struct Done<T> {
    /// `[T, D]`.
    pub(crate) values: Vec<T>,
    /// `[T]`: 1 where the target was covered by samples.
    pub(crate) mask: Vec<u8>,
    /// `[T]`: how old the newest sample not after the target is, in the unit of the stamps; empty if it
    /// was not asked for.
    pub(crate) age: Vec<f32>,
    /// The variant that ran.
    pub(crate) variant: &'static str,
    /// How long it took with all copies.
    pub(crate) micros: f64,
}

/// The options of a kind, with a largest gap in the unit of the stamps where one is given.
pub(crate) fn options(kind: Kind, max_gap: Option<TimeScalar>) -> Options {
    let options = Options::default().kind(kind);
    match max_gap {
        Some(gap) => options.max_gap(gap),
        None => options,
    }
}

impl<T: Element + Default> Job<'_, T> {
    fn shapes(&self) -> ([usize; 3], [usize; 3]) {
        (
            [1, self.source.len(), self.columns],
            [1, self.target.len(), self.columns],
        )
    }

    /// Runs it. `bar` counts targets.
    ///
    /// # Errors
    /// What the library reports, or too little memory.
    pub(crate) fn run(&self, device: &Device, bar: &ProgressBar) -> Result<Done<T>> {
        let start = Instant::now();
        let values = self.target.len() as u128 * self.columns as u128;
        memory::ensure(
            values * size_of::<T>() as u128,
            "the resampled values of this file",
        )?;
        bar.set_length(self.target.len() as u64);
        let mut done = match device {
            Device::Cpu => self.on_cpu(bar, REPORT_EVERY)?,
            #[cfg(feature = "cuda")]
            Device::Cuda(gpu) => self.on_gpu(gpu)?,
        };
        bar.set_position(self.target.len() as u64);
        done.micros = start.elapsed().as_secs_f64() * 1e6;
        tracing::info!(
            variant = done.variant,
            device = %device.name(),
            samples = self.source.len(),
            targets = self.target.len(),
            columns = self.columns,
            "resampled in {}",
            crate::console::duration(done.micros)
        );
        Ok(done)
    }

    fn on_cpu(&self, bar: &ProgressBar, report_every: usize) -> Result<Done<T>> {
        let ([_, samples, columns], [_, targets, _]) = self.shapes();
        let mut values = vec![T::default(); targets * columns];
        let mut mask = vec![0u8; targets];
        let mut age = vec![0f32; if self.age { targets } else { 0 }];
        let step = (report_every / columns.max(1)).max(1);
        let mut from = 0;
        loop {
            let to = targets.min(from + step);
            let mut request = Resample::new(
                TensorView::from_slice(self.data, [1, samples, columns])?,
                self.source.axis()?,
                self.target.axis_of(from..to)?,
                TensorViewMut::from_slice(
                    &mut values[from * columns..to * columns],
                    [1, to - from, columns],
                )?,
            )
            .mask(TensorViewMut::from_slice(
                &mut mask[from..to],
                [1, to - from],
            )?)
            .options(self.options.check(from == 0 && self.options.check));
            if self.age {
                request.age = Some(TensorViewMut::from_slice(
                    &mut age[from..to],
                    [1, to - from],
                )?);
            }
            let plan = Plan::new_cpu(&request)?;
            let variant = plan.variant();
            plan.run(request)?;
            bar.set_position(to as u64);
            if to == targets {
                return Ok(Done {
                    values,
                    mask,
                    age,
                    variant,
                    micros: 0.0,
                });
            }
            from = to;
        }
    }

    #[cfg(feature = "cuda")]
    fn on_gpu(&self, gpu: &crate::device::Gpu) -> Result<Done<T>> {
        let work = || -> robocache::Result<Done<T>> {
            use robocache::Layout;
            use robocache::cuda::DeviceBuffer;
            let (from, to) = self.shapes();
            let [_, targets, columns] = to;
            let stream = &gpu.stream;
            let data = DeviceBuffer::upload(stream, self.data)?;
            let source = self.source.upload(stream)?;
            let target = self.target.upload(stream)?;
            let mut out = DeviceBuffer::new(stream.context(), targets * columns * size_of::<T>())?;
            let mut mask = DeviceBuffer::new(stream.context(), targets)?;
            let ages = if self.age { targets } else { 0 };
            let mut age = DeviceBuffer::new(stream.context(), ages * size_of::<f32>())?;
            let mut request = Resample::new(
                data.view::<T, 3>(0, Layout::contiguous(from)?)?,
                self.source.axis_in(&source)?,
                self.target.axis_in(&target)?,
                out.view_mut::<T, 3>(0, Layout::contiguous(to)?)?,
            )
            .mask(mask.view_mut::<u8, 2>(0, Layout::contiguous([1, targets])?)?)
            .options(self.options);
            if self.age {
                request.age = Some(age.view_mut::<f32, 2>(0, Layout::contiguous([1, targets])?)?);
            }
            let plan = Plan::new_cuda(&request, stream.context())?;
            let variant = plan.variant();
            robocache::trajectory::enqueue(request, stream, None)?;
            Ok(Done {
                values: out.download::<T>(stream, targets * columns)?,
                mask: mask.download::<u8>(stream, targets)?,
                age: age.download::<f32>(stream, ages)?,
                variant,
                micros: 0.0,
            })
        };
        crate::device::on_gpu(work())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_give_what_the_whole_gives_and_are_reported() {
        let source = Stamps::Float((0..50).map(|i| f64::from(i * i)).collect());
        let target = Stamps::Float((0..101).map(|i| f64::from(i) * 24.0).collect());
        let data: Vec<f32> = (0..150).map(|i| (i as f32).sin()).collect();
        let job = Job {
            data: &data,
            columns: 3,
            source: &source,
            target: &target,
            options: options(Kind::Linear, Some(TimeScalar::F64(50.0))),
            age: true,
        };
        let bar = ProgressBar::hidden();
        let whole = job.on_cpu(&bar, usize::MAX).expect("resampled");
        let all = |done: &Done<f32>| (done.values.clone(), done.mask.clone(), done.age.clone());
        assert_eq!((whole.values.len(), whole.mask.len()), (303, 101));
        assert!(whole.mask.contains(&0) && whole.mask.contains(&1));
        assert_eq!(whole.age[..3], [0.0, 8.0, 12.0], "after 0, 16 and 36");
        for report_every in [1, 3, 10, 302, 303] {
            let pieces = job.on_cpu(&bar, report_every).expect("resampled");
            assert_eq!(all(&pieces), all(&whole), "{report_every}");
            assert_eq!(bar.position(), 101);
        }
    }

    #[test]
    fn unsorted_times_are_refused_where_they_are_used() {
        let source = Stamps::Ticks(vec![5, 4]);
        let run = |target: &Stamps| {
            Job {
                data: &[0f64, 1.0],
                columns: 1,
                source: &source,
                target,
                options: Options::default(),
                age: false,
            }
            .run(&Device::Cpu, &ProgressBar::hidden())
            .map(|done| done.values)
        };
        let error = run(&Stamps::Ticks(vec![5])).expect_err("unsorted");
        assert!(error.to_string().contains("sorted"), "{error}");
        let none = run(&Stamps::Ticks(vec![]));
        assert_eq!(none.ok(), Some(Vec::new()), "there is nothing to compute");
    }
}
