//! Memory that overlaps, is not there or lies elsewhere; variants and plans that do not fit.

use crate::{B, D, Memory, S, T, refused, shared, uniform, view};
use robocache_core::{
    DType, Element, Error, Layout, Place, Rows, TensorView, TensorViewMut, TimeAxis, TimeScalar,
};
use robocache_trajectory::{Options, Plan, Resample, resample};

/// A tensor of the start of some memory that a request uses already. Only looked at, never read, as the
/// request is refused.
fn alias<T: Element, const R: usize>(slice: &[T], shape: [usize; R]) -> TensorViewMut<'static, R> {
    let layout = Layout::contiguous(shape).unwrap();
    let first = slice.as_ptr().cast::<u8>().cast_mut();
    // SAFETY: the call that gets it is refused before anything is read or written.
    unsafe { TensorViewMut::from_raw(first, T::DTYPE, layout, Place::Host).unwrap() }
}

#[test]
fn overlaps() {
    // Each stands for an input that is large enough to hold the output, too.
    let data = vec![0f32; B * S * D];
    let source: Vec<f64> = (0..32).map(f64::from).collect();
    let lengths = vec![1i64; 32];

    let mut memory = Memory::new();
    let mut request = memory.request();
    request.data = view(&data, [B, S, D]);
    request.out = alias(&data[3..], [B, T, D]);
    refused(request, "Memory", "out");

    let mut request = memory.request();
    request.source_times = shared(&source[..S]);
    // One byte of the last knot is enough.
    request.mask = Some(alias(&as_bytes(&source)[S * 8 - 1..], [B, T]));
    refused(request, "Memory", "mask");

    let mut request = memory.request();
    request.target_times = shared(&source[..T]);
    request.out = alias(&source[T - 1..], [B, T, 2]);
    request.data = view(&data[..B * S * 2], [B, S, 2]);
    refused(request, "Memory", "out");

    let mut request = memory
        .request()
        .rows(Rows::Lengths(view(&lengths[..B], [B])));
    request.mask = Some(alias(&as_bytes(&lengths)[..B * T], [B, T]));
    refused(request, "Memory", "mask");

    let mut out = vec![0f32; B * T * D];
    let mask = alias(&as_bytes(&out)[4 * B * T * D - 1 - B * T..], [B, T]);
    let mut request = memory.request();
    request.mask = Some(mask);
    request.out = TensorViewMut::from_slice(&mut out, [B, T, D]).unwrap();
    refused(request, "Memory", "mask");

    // Neighbours in one allocation are no overlap.
    let mut joined = vec![0f32; B * S * D + B * T * D];
    let (front, back) = joined.split_at_mut(B * S * D);
    let mut request = memory.request();
    request.data = view(front, [B, S, D]);
    request.out = TensorViewMut::from_slice(back, [B, T, D]).unwrap();
    resample(request).unwrap();
}

fn as_bytes<T: Element>(slice: &[T]) -> &[u8] {
    // SAFETY: elements are plain numbers without padding.
    unsafe { std::slice::from_raw_parts(slice.as_ptr().cast(), size_of_val(slice)) }
}

#[test]
fn memory_that_cannot_be_used() {
    let layout = Layout::contiguous([B, T, D]).unwrap();
    let at = |address: usize, layout| {
        // SAFETY: refused, or never used.
        unsafe { TensorViewMut::from_raw(address as *mut u8, DType::F32, layout, Place::Host) }
    };
    for (address, layout) in [
        (0, layout),
        (4097, layout),
        (4098, layout),
        (4096, Layout::strided([B, T, D], [0, 5, 1]).unwrap()),
        (4096, Layout::strided([B, T, D], [15, 5, 0]).unwrap()),
        (4096, Layout::strided([B, T, D], [15, 4, 1]).unwrap()),
    ] {
        let error = at(address, layout).expect_err("accepted");
        assert!(matches!(error, Error::Memory { .. }), "{error}");
    }
    let high = at(usize::MAX - 7, layout).expect_err("accepted");
    assert!(matches!(high, Error::Overflow { .. }), "{high}");
    // Without elements an address means nothing.
    assert!(at(0, Layout::contiguous([0, T, D]).unwrap()).is_ok());
}

#[test]
fn places() {
    let mut memory = Memory::new();
    let device = Place::Cuda(0);
    let numbers = vec![0f64; 64];
    let address = numbers.as_ptr().cast::<u8>();
    let far = |dtype, shape: [usize; 3]| {
        let layout = Layout::contiguous(shape).unwrap();
        // SAFETY: refused before anything is read: nobody asked for a device.
        unsafe { TensorView::from_raw(address, dtype, layout, device).unwrap() }
    };
    let far_times = |len| {
        let layout = Layout::contiguous([len]).unwrap();
        // SAFETY: as above.
        TimeAxis::Shared(unsafe {
            TensorView::from_raw(address, DType::F64, layout, device).unwrap()
        })
    };
    let far_out = |shape: [usize; 3], dtype| {
        let layout = Layout::contiguous(shape).unwrap();
        // SAFETY: as above.
        unsafe { TensorViewMut::from_raw(address.cast_mut(), dtype, layout, device).unwrap() }
    };
    let mut request = memory.request();
    request.data = far(DType::F32, [B, S, D]);
    refused(request, "Memory", "data");
    let mut request = memory.request();
    request.source_times = far_times(S);
    refused(request, "Memory", "source_times");
    let mut request = memory.request();
    request.target_times = far_times(T);
    refused(request, "Memory", "target_times");
    let mut request = memory.request();
    let layout = Layout::contiguous([B]).unwrap();
    // SAFETY: as above.
    let lengths = unsafe { TensorView::from_raw(address, DType::I64, layout, device).unwrap() };
    request.rows = Rows::Lengths(lengths);
    refused(request, "Memory", "rows");
    let mut request = memory.request();
    request.out = far_out([B, T, D], DType::F32);
    refused(request, "Memory", "data");
    let mut request = memory.request();
    let layout = Layout::contiguous([B, T]).unwrap();
    // SAFETY: as above.
    let mask =
        unsafe { TensorViewMut::from_raw(address.cast_mut(), DType::U8, layout, device).unwrap() };
    request.mask = Some(mask);
    refused(request, "Memory", "mask");
    // All on a device, and asked of the CPU.
    let scattered = uniform(TimeScalar::F64(0.0), TimeScalar::F64(1.0), S);
    let targets = uniform(TimeScalar::F64(0.0), TimeScalar::F64(1.0), T);
    let elsewhere = vec![0f32; 64];
    let layout = Layout::contiguous([B, T, D]).unwrap();
    let other = elsewhere.as_ptr().cast::<u8>().cast_mut();
    // SAFETY: as above.
    let out = unsafe { TensorViewMut::from_raw(other, DType::F32, layout, device).unwrap() };
    let all = Resample::new(far(DType::F32, [B, S, D]), scattered, targets, out);
    refused(all, "Memory", "out");
}

#[test]
fn variants_by_name() {
    let mut memory = Memory::new();
    let options = Options::default().forced("trajectory.none.cpu");
    refused(memory.request().options(options), "Range", "variant");
    #[cfg(feature = "cuda")]
    let options = Options::default().forced("trajectory.generic.sm80");
    #[cfg(feature = "cuda")]
    refused(
        memory.request().options(options),
        "Unsupported",
        "trajectory",
    );
}

#[test]
fn a_plan_is_for_one_problem() {
    let mut memory = Memory::new();
    let plan = Plan::new_cpu(&memory.request()).unwrap();
    plan.run(memory.request()).unwrap();
    // Other numbers are no other problem.
    let options = Options::default().tolerance(TimeScalar::F64(0.25));
    plan.run(memory.request().options(options)).unwrap();
    let numbers = vec![0f64; B * S * D];
    let mut other = memory.request();
    other.data = view(&numbers, [B, S, D]);
    let error = plan.run(other).expect_err("another type was accepted");
    assert!(
        matches!(
            error,
            Error::Memory {
                argument: "plan",
                ..
            }
        ),
        "{error}"
    );
    let times = vec![0f64; B * S];
    let mut other = memory.request();
    other.source_times = TimeAxis::PerRow(view(&times, [B, S]));
    let error = plan.run(other).expect_err("another form was accepted");
    assert!(
        matches!(
            error,
            Error::Memory {
                argument: "plan",
                ..
            }
        ),
        "{error}"
    );
}
