//! Shapes, types and numbers.

use crate::{B, D, Memory, S, T, refused, shared, uniform, view};
use robocache_core::{Rows, TensorViewMut, TimeAxis, TimeScalar, f16};
use robocache_trajectory::{Options, resample};

#[test]
fn a_right_request_is_accepted() {
    let mut memory = Memory::new();
    resample(memory.request()).unwrap();
    assert_eq!(memory.out, vec![1.0; B * T * D]);
    assert_eq!(memory.mask, vec![1; B * T]);
}

#[test]
fn shapes() {
    let numbers = vec![0f32; 1000];
    let times: Vec<f64> = (0..100).map(f64::from).collect();
    for shape in [[B + 1, S, D], [B, S, D + 1], [1, S, D]] {
        let mut memory = Memory::new();
        let mut request = memory.request();
        request.data = view(&numbers[..shape.iter().product()], shape);
        refused(request, "Shape", "data");
    }
    for shape in [[B, S + 1], [B + 1, S], [S, B]] {
        let mut memory = Memory::new();
        let mut request = memory.request();
        request.source_times = TimeAxis::PerRow(view(&times[..shape[0] * shape[1]], shape));
        refused(request, "Shape", "source_times");
    }
    for shape in [[B, T + 1], [B + 1, T], [T, B]] {
        let mut memory = Memory::new();
        let mut request = memory.request();
        request.target_times = TimeAxis::PerRow(view(&times[..shape[0] * shape[1]], shape));
        refused(request, "Shape", "target_times");
    }
    for len in [0, S - 1, S + 1] {
        let mut memory = Memory::new();
        let mut request = memory.request();
        request.source_times = shared(&times[..len]);
        refused(request, "Shape", "source_times");
        let mut request = memory.request();
        request.source_times = uniform(TimeScalar::F64(0.0), TimeScalar::F64(1.0), len);
        refused(request, "Shape", "source_times");
    }
    for len in [0, T - 1, T + 1] {
        let mut memory = Memory::new();
        let mut request = memory.request();
        request.target_times = shared(&times[..len]);
        refused(request, "Shape", "target_times");
        let mut request = memory.request();
        request.target_times = uniform(TimeScalar::F64(0.0), TimeScalar::F64(1.0), len);
        refused(request, "Shape", "target_times");
    }
    for shape in [[B, T + 1], [B + 1, T], [T, B]] {
        let mut memory = Memory::new();
        let mut mask = vec![0u8; shape[0] * shape[1]];
        let mut request = memory.request();
        request.mask = Some(TensorViewMut::from_slice(&mut mask, shape).unwrap());
        refused(request, "Shape", "mask");
    }
}

#[test]
fn ragged_shapes_and_types() {
    let index = [0i64, 2, 4, 4];
    for (rows, argument) in [
        (Rows::Lengths(view(&index[..B - 1], [B - 1])), "lengths"),
        (Rows::Lengths(view(&index[..B + 1], [B + 1])), "lengths"),
    ] {
        let mut memory = Memory::new();
        refused(memory.request().rows(rows), "Shape", argument);
    }
    let packed = vec![0f32; 4 * D];
    for len in [B, B + 2] {
        let mut memory = Memory::new();
        let mut request = memory
            .request()
            .rows(Rows::Packed(view(&index[..len], [len])));
        request.data = view(&packed, [1, 4, D]);
        refused(request, "Shape", "offsets");
    }
    // Packed samples have one row, and one sequence of times.
    let mut memory = Memory::new();
    let offsets = Rows::Packed(view(&index[..B + 1], [B + 1]));
    refused(memory.request().rows(offsets), "Shape", "data");
    let times = [0.0f64; 8];
    let mut request = memory.request().rows(offsets);
    request.data = view(&packed, [1, 4, D]);
    request.source_times = TimeAxis::PerRow(view(&times, [B, 4]));
    refused(request, "Shape", "source_times");

    let floats = [0f32; 3];
    let bytes = [0u8; 3];
    for (rows, argument) in [
        (Rows::Lengths(view(&floats[..B], [B])), "lengths"),
        (Rows::Lengths(view(&bytes[..B], [B])), "lengths"),
    ] {
        refused(memory.request().rows(rows), "DType", argument);
    }
    let mut request = memory.request().rows(Rows::Packed(view(&floats, [B + 1])));
    request.data = view(&packed, [1, 4, D]);
    refused(request, "DType", "offsets");
}

#[test]
fn lengths_and_offsets_out_of_range() {
    for lengths in [[-1i64, 2], [2, S as i64 + 1], [i64::MAX, 0], [i64::MIN, 0]] {
        let mut memory = Memory::new();
        let rows = Rows::Lengths(view(&lengths, [B]));
        refused(memory.request().rows(rows), "Range", "lengths");
    }
    let packed = vec![0f32; 4 * D];
    for offsets in [
        [0i32, 5, 4],
        [-1, 2, 4],
        [0, 3, 2],
        [0, 2, 5],
        [i32::MAX, 0, 0],
    ] {
        let mut memory = Memory::new();
        let mut request = memory.request().rows(Rows::Packed(view(&offsets, [B + 1])));
        request.data = view(&packed, [1, 4, D]);
        refused(request, "Range", "offsets");
    }
}

#[test]
fn types() {
    let mut memory = Memory::new();
    let integers = [0i32; B * S * D];
    let mut request = memory.request();
    request.data = view(&integers, [B, S, D]);
    refused(request, "DType", "data");

    let mut integers = [0i64; B * T * D];
    let mut request = memory.request();
    request.out = TensorViewMut::from_slice(&mut integers, [B, T, D]).unwrap();
    refused(request, "DType", "out");

    let mut flags = [0f32; B * T];
    let mut request = memory.request();
    request.mask = Some(TensorViewMut::from_slice(&mut flags, [B, T]).unwrap());
    refused(request, "DType", "mask");

    let halves = [f16::ONE; S];
    let mut request = memory.request();
    request.source_times = shared(&halves);
    refused(request, "DType", "source_times");
    let mut request = memory.request();
    request.target_times = shared(&halves[..T]);
    refused(request, "DType", "target_times");
    let integers = [0i32; S];
    let mut request = memory.request();
    request.source_times = shared(&integers);
    refused(request, "DType", "source_times");
}

#[test]
fn mixed_types_of_times() {
    let mut memory = Memory::new();
    let singles = [0.5f32; T];
    let ticks = [0i64; T];
    let mut request = memory.request();
    request.target_times = shared(&singles);
    refused(request, "DType", "target_times");
    let mut request = memory.request();
    request.target_times = shared(&ticks);
    refused(request, "DType", "target_times");
    let mut request = memory.request();
    request.target_times = uniform(TimeScalar::I64(0), TimeScalar::I64(1), T);
    refused(request, "DType", "target_times");
    let mut request = memory.request();
    request.source_times = uniform(TimeScalar::F64(0.0), TimeScalar::F32(1.0), S);
    refused(request, "DType", "source_times");
    for (argument, options) in [
        (
            "tolerance",
            Options::default().tolerance(TimeScalar::F32(1.0)),
        ),
        ("max_gap", Options::default().max_gap(TimeScalar::I64(1))),
        ("offset", Options::default().offset(TimeScalar::F32(0.0))),
    ] {
        refused(memory.request().options(options), "DType", argument);
    }
}

#[test]
fn durations() {
    let mut memory = Memory::new();
    for bad in [-1.0, f64::NAN, f64::NEG_INFINITY, -f64::MIN_POSITIVE] {
        let bad = TimeScalar::F64(bad);
        let options = Options::default().tolerance(bad);
        refused(memory.request().options(options), "Range", "tolerance");
        let options = Options::default().max_gap(bad);
        refused(memory.request().options(options), "Range", "max_gap");
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let options = Options::default().offset(TimeScalar::F64(bad));
        refused(memory.request().options(options), "Range", "offset");
    }
    for fine in [0.0, -0.0, f64::INFINITY] {
        let fine = TimeScalar::F64(fine);
        let options = Options::default().tolerance(fine).max_gap(fine);
        resample(memory.request().options(options)).unwrap();
    }
}

#[test]
fn uniform_axes() {
    use TimeScalar::{F32, F64, I64};
    let mut memory = Memory::new();
    for (start, step) in [
        (F64(0.0), F64(-1.0)),
        (F64(f64::NAN), F64(1.0)),
        (F64(f64::INFINITY), F64(1.0)),
        (F64(0.0), F64(f64::NAN)),
        (F64(0.0), F64(f64::INFINITY)),
        (F64(f64::MAX), F64(f64::MAX / 4.0)),
    ] {
        let mut request = memory.request();
        request.source_times = uniform(start, step, S);
        refused(request, "Range", "source_times");
        if step != F64(-1.0) {
            let mut request = memory.request();
            request.target_times = uniform(start, step, T);
            refused(request, "Range", "target_times");
        }
    }
    let ticks = [0i64, 1, 2, 3];
    for (start, step) in [(i64::MAX - 2, 1), (0, i64::MAX / 2), (i64::MAX, i64::MAX)] {
        let mut request = memory.request();
        request.source_times = uniform(I64(start), I64(step), S);
        request.target_times = shared(&ticks[..T]);
        refused(request, "Range", "source_times");
    }
    for (start, step) in [(i64::MAX - 1, 1), (i64::MIN + 1, -1), (0, i64::MAX)] {
        let mut request = memory.request();
        request.source_times = shared(&ticks);
        request.target_times = uniform(I64(start), I64(step), T);
        refused(request, "Range", "target_times");
    }
    let singles = [0f32, 1.0, 2.0];
    let mut request = memory.request();
    request.source_times = uniform(F32(3e38), F32(1e38), S);
    request.target_times = shared(&singles);
    refused(request, "Range", "source_times");
    // The ends of the range themselves are fine, and so are targets that run backwards.
    let mut request = memory.request();
    request.source_times = uniform(I64(i64::MAX - 3), I64(1), S);
    request.target_times = uniform(I64(i64::MIN + 2), I64(-1), T);
    resample(request).unwrap();
}
