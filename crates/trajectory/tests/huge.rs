//! More than 2³¹ elements, where 32-bit indices end.
//!
//! Only with `ROBOCACHE_TEST_HUGE=1` on a CUDA device of at least 40 GB: the CPU computes the same, and
//! the two are compared bit for bit.

#![cfg(feature = "cuda")]

mod common;

use robocache_core::{DType, Error, Layout, Result, TensorView, TensorViewMut, TimeAxis, bf16};
use robocache_cuda::{DeviceBuffer, Driver, Stream};
use robocache_registry::{DeviceCaps, DeviceId};
use robocache_testkit::devices::{Device, devices, number};
use robocache_trajectory::{Options, Resample, enqueue, resample};

const MEMORY: u64 = 40_000_000_000;

/// S, T and D; a batch of one.
struct Sizes(usize, usize, usize);

fn source(samples: usize) -> Vec<f64> {
    (0..samples).map(|i| i as f64).collect()
}

fn target(targets: usize, samples: usize) -> Vec<f64> {
    let last = samples.saturating_sub(1) as f64;
    (0..targets)
        .map(|t| last * t as f64 / targets as f64)
        .collect()
}

fn samples_of(count: usize) -> Vec<bf16> {
    (0..count)
        .map(|i| bf16::from_bits(0x3f00 + (i % 251) as u16))
        .collect()
}

fn on_cpu(Sizes(samples, targets, columns): &Sizes, data: &[bf16]) -> Result<Vec<bf16>> {
    let (samples, targets, columns) = (*samples, *targets, *columns);
    let mut out = vec![bf16::NAN; targets * columns];
    resample(Resample::new(
        TensorView::from_slice(data, [1, samples, columns])?,
        TimeAxis::Shared(TensorView::from_slice(&source(samples), [samples])?),
        TimeAxis::Shared(TensorView::from_slice(
            &target(targets, samples),
            [targets],
        )?),
        TensorViewMut::from_slice(&mut out, [1, targets, columns])?,
    ))?;
    Ok(out)
}

/// `None` if the variant refuses.
fn on_device(
    Sizes(samples, targets, columns): &Sizes,
    data: &DeviceBuffer,
    stream: &Stream,
    variant: &'static str,
) -> Result<Option<Vec<bf16>>> {
    let (samples, targets, columns) = (*samples, *targets, *columns);
    let source = DeviceBuffer::upload(stream, &source(samples))?;
    let target = DeviceBuffer::upload(stream, &target(targets, samples))?;
    let mut out = DeviceBuffer::new(stream.context(), targets * columns * DType::Bf16.size())?;
    out.fill(stream, 0xff)?;
    let request = Resample::new(
        data.view::<bf16, 3>(0, Layout::contiguous([1, samples, columns])?)?,
        TimeAxis::Shared(source.view::<f64, 1>(0, Layout::contiguous([samples])?)?),
        TimeAxis::Shared(target.view::<f64, 1>(0, Layout::contiguous([targets])?)?),
        out.view_mut::<bf16, 3>(0, Layout::contiguous([1, targets, columns])?)?,
    )
    .options(Options::default().forced(variant));
    match enqueue(request, stream, None) {
        Ok(()) => out.download(stream, targets * columns).map(Some),
        Err(Error::Unsupported { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

fn large_device() -> Option<&'static Device> {
    if number("ROBOCACHE_TEST_HUGE", 0) == 0 {
        println!("skipped: ROBOCACHE_TEST_HUGE is not set");
        return None;
    }
    let found = devices().iter().find(|device| match &device.caps {
        DeviceCaps::Cuda(cuda) => cuda.memory_bytes >= MEMORY && !device.is_emulated(),
        DeviceCaps::Cpu(_) => false,
    });
    if found.is_none() {
        println!("skipped: no CUDA device of {MEMORY} bytes");
    }
    found
}

fn compare(sizes: &Sizes) {
    let Some(device) = large_device() else { return };
    let DeviceId::Cuda(ordinal) = device.id else {
        return;
    };
    let context = Driver::open().unwrap().context(ordinal).unwrap();
    let stream = Stream::new(&context).unwrap();
    let Sizes(samples, targets, columns) = *sizes;
    assert!(targets * columns > 1 << 31);
    let data = samples_of(samples * columns);
    let expected = on_cpu(sizes, &data).unwrap();
    let data = DeviceBuffer::upload(&stream, &data).unwrap();
    let mut taken = 0;
    for info in device.variants(common::op()) {
        let Some(found) = on_device(sizes, &data, &stream, info.id).unwrap() else {
            continue;
        };
        let differs = expected
            .iter()
            .zip(&found)
            .position(|(a, b)| a.to_bits() != b.to_bits());
        assert_eq!(differs, None, "{}", info.id);
        taken += 1;
    }
    assert!(taken > 0, "every variant refused");
}

#[test]
fn values_past_2_to_the_31() {
    compare(&Sizes(3, 2_100, 1 << 20));
}

#[test]
fn columns_past_2_to_the_31() {
    compare(&Sizes(1, 1, (1 << 31) + 72));
}

#[test]
fn samples_and_values_of_few_columns_past_2_to_the_31() {
    compare(&Sizes(30_000_000, 31_000_000, 72));
}
