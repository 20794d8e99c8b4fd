//! Functions of the kernels by themselves, emulated.

#![cfg(feature = "cuda")]

use robocache_testkit::emulate::{Order, Shape, Unit};
use robocache_testkit::random::Random;
use std::ffi::c_void;

/// Sums as they are added up, by any number of points.
#[test]
fn a_mean_by_a_reciprocal_is_rounded_as_by_a_division() {
    const COUNT: usize = 1 << 16;
    const TEXT: &str = r#"
#include "voxelize/total.cuh"
extern "C" __global__ void __launch_bounds__(32) ENTRY(const double* sums, const u32* points, double* means) {
    for (u32 i = threadIdx.x; i < 1 << 16; i += 32) means[i] = Divisor(points[i]).quotient(sums[i]);
}
"#;
    let unit = Unit {
        path: "test/means.cu",
        text: TEXT,
        entry: "means",
        element: "float",
    };
    let kernel = unit.compile(&[unit.entry]).unwrap().remove(0);
    let mut random = Random::new(1);
    let mut bits = |count: u32| (0..count).fold(0, |bits, _| bits << 1 | random.below(2) as u64);
    let mut sums: Vec<f64> = (0..COUNT)
        .map(|i| {
            // From 2^-211, the least quantum, to far more than all that is added up.
            let exponent = 1023 - 211 + i as u64 % 400;
            f64::from_bits(bits(1) << 63 | exponent << 52 | bits(52))
        })
        .collect();
    let points: Vec<u32> = (0..COUNT)
        .map(|i| (bits(32) as u32 >> (i % 32)).max(1))
        .collect();
    sums[..4].copy_from_slice(&[0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]);
    let mut means = vec![-1f64; COUNT];
    let mut addresses = [
        sums.as_ptr().cast::<c_void>().cast_mut(),
        points.as_ptr().cast::<c_void>().cast_mut(),
        means.as_mut_ptr().cast::<c_void>(),
    ];
    let [sums_at, points_at, means_at] = &mut addresses;
    let params = [sums_at, points_at, means_at].map(|at| (at as *mut *mut c_void).cast::<c_void>());
    let shape = Shape {
        grid: [1; 3],
        block: [32, 1, 1],
        shared_bytes: 0,
    };
    // SAFETY: the kernel takes three pointers, and stays within as many numbers as there are.
    unsafe { kernel.launch(&shape, Order::Ascending, &params) }.unwrap();
    for ((sum, points), mean) in sums.iter().zip(points).zip(means) {
        let expected = sum / f64::from(points);
        let same = expected.to_bits() == mean.to_bits() || expected.is_nan() && mean.is_nan();
        assert!(same, "{sum} / {points} is {expected}, not {mean}");
    }
}
