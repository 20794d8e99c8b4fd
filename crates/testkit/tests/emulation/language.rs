//! What CUDA C++ has beyond C++.

use crate::probe::{ORDERS, block, compile, probe, run};
use robocache_core::DType;
use robocache_testkit::emulate::{Order, Shape};
use robocache_testkit::oracle::{decode, encode};
use robocache_testkit::random::Random;
use std::ffi::c_void;

/// What 32 lanes get of `value(lane)`.
#[track_caller]
fn lanes(expression: &str, expected: impl Fn(i32) -> i32) {
    let body = format!("const int lane = threadIdx.x % 32;\nout[threadIdx.x] = int({expression});");
    let kernel = probe("", &body);
    let expected: [i32; 64] = std::array::from_fn(|t| expected(t as i32 % 32));
    for order in ORDERS {
        assert_eq!(
            run(&kernel, &block(64, 0), order),
            Ok(expected),
            "{expression}, {order}"
        );
    }
}

#[test]
fn shuffles() {
    lanes("__shfl_sync(~0u, 10 * lane, 31 - lane)", |l| 10 * (31 - l));
    lanes("__shfl_sync(~0u, 10 * lane, 35)", |_| 30);
    lanes("__shfl_sync(~0u, lane, 1, 8)", |l| l / 8 * 8 + 1);
    lanes("__shfl_sync(~0u, lane + 0.5, 3) * 2", |_| 7);
    lanes("__shfl_sync(~0u, (long long)lane << 40, 3) >> 40", |_| 3);
    lanes("__shfl_xor_sync(~0u, lane, 5)", |l| l ^ 5);
    lanes("__shfl_up_sync(~0u, lane, 3)", |l| {
        if l < 3 { l } else { l - 3 }
    });
    lanes("__shfl_down_sync(~0u, lane, 3, 16)", |l| {
        if l % 16 < 13 { l + 3 } else { l }
    });
    // One after another, the fast ones far ahead.
    lanes(
        "__shfl_sync(~0u, __shfl_sync(~0u, lane, lane + 1), lane + 1)",
        |l| (l + 2) % 32,
    );
}

#[test]
fn votes_and_sums() {
    lanes("__ballot_sync(~0u, lane & 1)", |_| 0xaaaa_aaaa_u32 as i32);
    lanes("__ballot_sync(lane < 4 ? 0xfu : ~0xfu, 1)", |l| {
        if l < 4 { 0xf } else { !0xf }
    });
    lanes("__any_sync(~0u, lane == 9)", |_| 1);
    lanes("__any_sync(~0u, 0)", |_| 0);
    lanes("__all_sync(~0u, lane != 9)", |_| 0);
    lanes("__reduce_add_sync(~0u, lane - 16)", |_| -16);
    lanes("__reduce_min_sync(~0u, lane - 16)", |_| -16);
    lanes("__reduce_max_sync(~0u, lane * 2u)", |_| 62);
    lanes("__popc(lane) + __clz(lane + 1)", |l| {
        l.count_ones() as i32 + (l + 1).leading_zeros() as i32
    });
}

#[test]
fn atomics() {
    let body = "
        atomicAdd(out, 2);
        atomicMin(out + 1, int(threadIdx.x) - 100);
        atomicMax(out + 2, int(threadIdx.x));
        if (threadIdx.x == 5) atomicExch(out + 3, 7);
        atomicCAS(out + 4, -1, 40);";
    for order in ORDERS {
        let found = run(&probe("", body), &block(64, 0), order);
        assert_eq!(found, Ok([127, -100, 63, 7, 40]));
    }
}

/// Runs a kernel over some numbers: `T` in, `U` out, one thread each.
fn each<T: Copy, U: Copy + Default>(types: [&str; 2], expression: &str, values: &[T]) -> Vec<U> {
    let [from, to] = types;
    let text = format!(
        "#include \"common/types.cuh\"\n\
         extern \"C\" __global__ void ENTRY(const {from}* in, {to}* out, int count) {{\n\
         const int i = blockIdx.x * blockDim.x + threadIdx.x;\n\
         if (i < count) {{ const {from} v = in[i]; out[i] = {expression}; }}\n}}\n"
    );
    let kernel = compile(&text).unwrap();
    let mut out = vec![U::default(); values.len()];
    let (mut from, mut to, mut count) = (values.as_ptr(), out.as_mut_ptr(), values.len() as i32);
    let params = [
        (&raw mut from).cast::<c_void>(),
        (&raw mut to).cast(),
        (&raw mut count).cast(),
    ];
    let shape = Shape {
        grid: [values.len().div_ceil(256) as u32, 1, 1],
        ..block(256, 0)
    };
    // SAFETY: the parameters are what the kernel takes, and it stays within the two arrays.
    unsafe { kernel.launch(&shape, Order::Ascending, &params) }.unwrap();
    out
}

/// Numbers of every size, and what lies around the middle of two numbers of 16 bits.
fn floats() -> Vec<f32> {
    let mut random = Random::new(1);
    let mut all: Vec<f32> = (0..30_000)
        .map(|_| f32::from_bits(random.bits() as u32))
        .collect();
    for bits in 0..=u16::MAX {
        let near = decode(DType::F16, &bits.to_le_bytes()) as f32;
        let middle = f32::from_bits(near.to_bits() | 0x1000);
        all.extend([near, middle, middle.next_up(), middle.next_down()]);
    }
    for _ in 0..10_000 {
        let middle = f32::from_bits((random.bits() as u32) << 16 | 0x8000);
        all.extend([middle, middle.next_up(), middle.next_down()]);
    }
    all
}

#[test]
fn numbers_of_16_bits_are_converted_as_the_oracle_does() {
    let bits: Vec<u16> = (0..=u16::MAX).collect();
    let wide: Vec<f32> = each(["u16", "float"], "f32_from_f16(v)", &bits);
    for (bits, wide) in bits.iter().zip(wide) {
        let expected = decode(DType::F16, &bits.to_le_bytes()) as f32;
        let same = wide.to_bits() == expected.to_bits() || wide.is_nan() && expected.is_nan();
        assert!(same, "{bits:#x}: {wide}, not {expected}");
    }
    let floats = floats();
    for (dtype, expression) in [
        (DType::F16, "f16_from_f32(v)"),
        (DType::Bf16, "bf16_from_f32(v)"),
    ] {
        let narrow: Vec<u16> = each(["float", "u16"], expression, &floats);
        for (&v, bits) in floats.iter().zip(narrow) {
            let expected = encode(dtype, f64::from(v));
            let nan = v.is_nan() && decode(dtype, &bits.to_le_bytes()).is_nan();
            assert!(
                nan || bits.to_le_bytes()[..] == expected[..],
                "{v:e} to {dtype}: {bits:#x}, not {expected:x?}"
            );
        }
    }
}

#[test]
fn doubles_are_truncated_towards_zero() {
    let mut random = Random::new(2);
    let mut doubles: Vec<f64> = (0..20_000)
        .map(|_| random.between(-1.0, 1.0) * 2f64.powi(random.below(300) as i32 - 150))
        .collect();
    doubles.extend([0.0, -0.0, 1.0, 1e300, -1e300, 1e-310, f64::from(f32::MAX)]);
    doubles.extend([f64::INFINITY, f64::NAN, f64::from(f32::MAX) * (1.0 + 1e-12)]);
    let floats: Vec<f32> = each(["double", "float"], "__double2float_rz(v)", &doubles);
    for (v, found) in doubles.into_iter().zip(floats) {
        if v.is_nan() {
            assert!(found.is_nan());
            continue;
        }
        let wide = f64::from(found);
        assert_eq!(found.is_sign_negative(), v.is_sign_negative(), "{v:e}");
        assert!(wide.abs() <= v.abs(), "{v:e}: {found:e}");
        let next = f32::from_bits(found.abs().to_bits() + 1);
        let last = found.is_infinite() || f64::from(next) > v.abs() || next.is_infinite();
        assert!(last, "{v:e}: {found:e}");
    }
}

#[test]
fn nothing_is_fused() {
    // In one rounding the sum would be -2^-46.
    let v = [1.0f32 + 2f32.powi(-23)];
    let apart: Vec<f32> = each(["float", "float"], "add(mul(v, sub(2.0f, v)), -1.0f)", &v);
    assert_eq!(apart, [0.0]);
    let fused: Vec<f32> = each(["float", "float"], "__fmaf_rn(v, 2.0f - v, -1.0f)", &v);
    assert_eq!(fused, [-(2f32.powi(-46))]);
}
