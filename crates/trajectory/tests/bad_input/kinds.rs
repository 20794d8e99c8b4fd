//! Kinds that do not fit columns or types, ages, and targets outside.

use crate::{B, D, Memory, S, T, refused, view};
use robocache_core::{Error, TensorViewMut};
use robocache_trajectory::{
    Extrapolation, Kind, Kinds, Options, Quaternion, Resample, Span, Spans, resample,
};

fn spans(list: &[(usize, Kind)]) -> Spans {
    let list: Vec<_> = list
        .iter()
        .map(|&(columns, kind)| Span { columns, kind })
        .collect();
    Spans::new(&list).unwrap()
}

fn of_kind<'m>(memory: &'m mut Memory, kind: impl Into<Kinds>) -> Resample<'m> {
    memory.request().options(Options::default().kind(kind))
}

#[test]
fn kinds_of_more_columns_than_there_are() {
    let mut memory = Memory::new();
    for order in [Quaternion::Xyzw, Quaternion::Wxyz] {
        refused(of_kind(&mut memory, Kind::Slerp(order)), "Range", "kind");
        refused(of_kind(&mut memory, Kind::Pose(order)), "Range", "kind");
    }
    let linear = |columns| spans(&[(columns, Kind::Linear), (1, Kind::Next)]);
    for columns in [D - 2, D, 4 * D] {
        refused(of_kind(&mut memory, linear(columns)), "Shape", "kind");
    }
    refused(of_kind(&mut memory, linear(2).repeated()), "Shape", "kind");
    resample(of_kind(&mut memory, linear(D - 1))).unwrap();
    resample(of_kind(&mut memory, spans(&[(1, Kind::Angle)]).repeated())).unwrap();
}

#[test]
fn integers_are_held_and_nothing_else() {
    let integers = vec![7i16; B * S * D];
    let mut values = vec![0i16; B * T * D];
    let mut wider = vec![0i32; B * T * D];
    for kind in Kind::ALL.into_iter().filter(|kind| kind.width() == 1) {
        let mut memory = Memory::new();
        let mut request = of_kind(&mut memory, kind);
        request.data = view(&integers, [B, S, D]);
        request.out = TensorViewMut::from_slice(&mut values, [B, T, D]).unwrap();
        if Kind::HOLDS.contains(&kind) {
            resample(request).unwrap();
        } else {
            refused(request, "DType", "data");
        }
    }
    assert_eq!(values, vec![7; B * T * D]);
    let mut memory = Memory::new();
    let mut request = of_kind(&mut memory, Kind::Next);
    request.data = view(&integers, [B, S, D]);
    request.out = TensorViewMut::from_slice(&mut wider, [B, T, D]).unwrap();
    refused(request, "DType", "out");
    let mut request = of_kind(&mut memory, Kind::Next);
    request.out = TensorViewMut::from_slice(&mut wider, [B, T, D]).unwrap();
    refused(request, "DType", "out");
    let mixed = spans(&[(D - 1, Kind::Next), (1, Kind::Linear)]);
    let mut request = of_kind(&mut memory, mixed);
    request.data = view(&integers, [B, S, D]);
    refused(request, "DType", "data");
}

#[test]
fn ages() {
    let mut memory = Memory::new();
    let mut ages = vec![0f32; 64];
    for shape in [[B, T + 1], [B + 1, T], [T, B]] {
        let age = TensorViewMut::from_slice(&mut ages[..shape[0] * shape[1]], shape).unwrap();
        refused(memory.request().age(age), "Shape", "age");
    }
    let mut doubles = vec![0f64; B * T];
    let age = TensorViewMut::from_slice(&mut doubles, [B, T]).unwrap();
    refused(memory.request().age(age), "DType", "age");
    let age = TensorViewMut::from_slice(&mut ages[..B * T], [B, T]).unwrap();
    resample(memory.request().age(age)).unwrap();
    assert_eq!(ages[..B * T], [0.5; B * T]);
}

#[test]
fn the_first_target_outside_is_named() {
    let mut memory = Memory::new();
    memory.target = vec![0.5, 9.0, -1.0];
    let options = Options::default().extrapolation(Extrapolation::Error);
    let error = resample(memory.request().options(options)).unwrap_err();
    assert_eq!(error, Error::Outside { batch: 0, index: 1 });
    assert!(
        error.to_string().contains("target 1 of batch row 0"),
        "{error}"
    );
    // What was asked for is no extrapolation.
    let options = options.kind(Kind::Previous);
    let error = resample(memory.request().options(options)).unwrap_err();
    assert_eq!(error, Error::Outside { batch: 0, index: 2 });
    memory.target = vec![0.5, f64::NAN, 3.0];
    resample(memory.request().options(options)).unwrap();
}
