//! 32-byte vectors along adjacent columns.
//!
//! The arithmetic is the scalar variant's, operation by operation: vector instructions round as scalar
//! ones do, and nothing is fused.

use super::axis::Tick;
use super::drive::Piece;
use super::element::{Sample, Value};
use super::rows::{Row, Rows};
use super::vector::{self, Instructions, Work};
use crate::Variant;
use crate::variant::{Exec, needs_adjacent_columns};
use robocache_core::{bf16, f16};
use robocache_kernels::generated::TRAJECTORY_SIMD_AVX2;
use std::arch::x86_64::*;

inventory::submit! {
    Variant {
        info: &TRAJECTORY_SIMD_AVX2,
        supports: |problem, _| needs_adjacent_columns(problem),
        rank: |_, _| 10,
        exec: Exec::Cpu(vector::run::<Avx2>),
    }
}

struct Avx2;

/// Walks three slices by vectors of `$lanes`. The last vector overlaps the one before it, which is
/// harmless as the output is no input; rows shorter than a vector go element by element.
macro_rules! rows {
    ($ty:ty, $vector:ty, $lanes:literal, $load:ident, $store:ident, $blend:ident, $splat:ident, $pick:ident) => {
        impl Instructions<$ty> for Avx2 {
            #[inline(always)]
            unsafe fn blend(mut rows: Rows<'_, '_, $ty>) {
                /// # Safety
                /// A vector from there on must lie in both samples.
                #[inline]
                #[target_feature(enable = "avx2,f16c")]
                unsafe fn value(row: &Row<'_, $ty>, at: usize) -> $vector {
                    // SAFETY: the caller's promise.
                    let (a, b) = unsafe { ($load(row.a.add(at)), $load(row.b.add(at))) };
                    $blend($pick(row.early), $splat(row.factor), a, b)
                }
                let n = rows.columns();
                for k in 0..rows.count() {
                    let row = rows.row(k);
                    // SAFETY: every vector ends at or before `n`, the length of all three.
                    unsafe {
                        if n < $lanes {
                            row.fetch_ahead(0);
                            for at in 0..n {
                                let (a, b) = ((*row.a.add(at)).widen(), (*row.b.add(at)).widen());
                                let end = if row.early { a } else { b };
                                *row.out.add(at) = Value::narrow(end + row.factor * (b - a));
                            }
                            continue;
                        }
                        let mut at = 0;
                        while at + $lanes <= n {
                            row.fetch_ahead(at);
                            $store(row.out.add(at), value(&row, at));
                            at += $lanes;
                        }
                        if at < n {
                            $store(row.out.add(n - $lanes), value(&row, n - $lanes));
                        }
                    }
                }
            }

            #[target_feature(enable = "avx2,f16c")]
            unsafe fn write<X: Tick>(work: &Work<'_, '_, $ty, X>, piece: Piece<'_, $ty>) {
                // SAFETY: the caller's promise.
                unsafe { vector::write::<Self, $ty, X>(work, piece) }
                // What was written past the caches is to be seen before anybody is told that it is there.
                _mm_sfence();
            }
        }
    };
}

rows!(
    f32,
    __m256,
    8,
    load_f32,
    store_f32,
    blend_f32,
    _mm256_set1_ps,
    pick_f32
);
rows!(
    f64,
    __m256d,
    4,
    load_f64,
    store_f64,
    blend_f64,
    _mm256_set1_pd,
    pick_f64
);
rows!(
    f16,
    __m256,
    8,
    load_f16,
    store_f16,
    blend_f32,
    _mm256_set1_ps,
    pick_f32
);
rows!(
    bf16,
    __m256,
    8,
    load_bf16,
    store_bf16,
    blend_f32,
    _mm256_set1_ps,
    pick_f32
);

/// All bits where the earlier end is the base.
#[inline]
#[target_feature(enable = "avx2")]
fn pick_f32(early: bool) -> __m256 {
    _mm256_castsi256_ps(_mm256_set1_epi32(-i32::from(early)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn pick_f64(early: bool) -> __m256d {
    _mm256_castsi256_pd(_mm256_set1_epi64x(-i64::from(early)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn blend_f32(early: __m256, factors: __m256, a: __m256, b: __m256) -> __m256 {
    let part = _mm256_mul_ps(factors, _mm256_sub_ps(b, a));
    _mm256_add_ps(_mm256_blendv_ps(b, a, early), part)
}

#[inline]
#[target_feature(enable = "avx2")]
fn blend_f64(early: __m256d, factors: __m256d, a: __m256d, b: __m256d) -> __m256d {
    let part = _mm256_mul_pd(factors, _mm256_sub_pd(b, a));
    _mm256_add_pd(_mm256_blendv_pd(b, a, early), part)
}

/// # Safety
/// Eight elements must be readable at `from`, as for all loads here; likewise for the stores.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load_f32(from: *const f32) -> __m256 {
    // SAFETY: the caller's promise.
    unsafe { _mm256_loadu_ps(from) }
}

#[inline]
#[target_feature(enable = "avx2")]
unsafe fn store_f32(to: *mut f32, value: __m256) {
    // SAFETY: the caller's promise.
    unsafe { _mm256_storeu_ps(to, value) }
}

#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load_f64(from: *const f64) -> __m256d {
    // SAFETY: the caller's promise.
    unsafe { _mm256_loadu_pd(from) }
}

#[inline]
#[target_feature(enable = "avx2")]
unsafe fn store_f64(to: *mut f64, value: __m256d) {
    // SAFETY: the caller's promise.
    unsafe { _mm256_storeu_pd(to, value) }
}

#[inline]
#[target_feature(enable = "avx2,f16c")]
unsafe fn load_f16(from: *const f16) -> __m256 {
    // SAFETY: the caller's promise.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(from.cast()) })
}

#[inline]
#[target_feature(enable = "avx2,f16c")]
unsafe fn store_f16(to: *mut f16, value: __m256) {
    let half = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(value);
    // SAFETY: the caller's promise.
    unsafe { _mm_storeu_si128(to.cast(), half) }
}

#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load_bf16(from: *const bf16) -> __m256 {
    // SAFETY: the caller's promise.
    let bits = _mm256_cvtepu16_epi32(unsafe { _mm_loadu_si128(from.cast()) });
    _mm256_castsi256_ps(_mm256_slli_epi32::<16>(bits))
}

#[inline]
#[target_feature(enable = "avx2")]
unsafe fn store_bf16(to: *mut bf16, value: __m256) {
    // SAFETY: the caller's promise.
    unsafe { _mm_storeu_si128(to.cast(), narrow_bf16(value)) }
}

/// Rounds to nearest even by adding half of what is cut off, less one if the kept part is even; NaNs
/// become a quiet NaN instead, as the carry could make them infinite.
#[inline]
#[target_feature(enable = "avx2")]
fn narrow_bf16(value: __m256) -> __m128i {
    let bits = _mm256_castps_si256(value);
    let odd = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
    let rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    let nan = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_UNORD_Q>(value, value));
    let chosen = _mm256_blendv_epi8(rounded, _mm256_set1_epi32(0x7fc0_0000), nan);
    let upper = _mm256_srli_epi32::<16>(chosen);
    _mm_packus_epi32(
        _mm256_castsi256_si128(upper),
        _mm256_extracti128_si256::<1>(upper),
    )
}
