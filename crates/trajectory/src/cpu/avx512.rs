//! 64-byte vectors along adjacent columns; what is left of a row goes by a masked one, so that rows of
//! a few columns take a single step.

use super::axis::Tick;
use super::drive::Piece;
use super::rows::{Row, Rows};
use super::vector::{self, Instructions, Work};
use crate::Variant;
use crate::variant::{Exec, needs_adjacent_columns};
use robocache_core::{bf16, f16};
use robocache_kernels::generated::TRAJECTORY_SIMD_AVX512;
use std::arch::x86_64::*;

inventory::submit! {
    Variant {
        info: &TRAJECTORY_SIMD_AVX512,
        supports: |problem, _| needs_adjacent_columns(problem),
        rank: |_, _| 11,
        exec: Exec::Cpu(vector::run::<Avx512>),
    }
}

struct Avx512;

macro_rules! rows {
    ($ty:ty, $vector:ty, $lanes:literal, $mask:ty, $load:ident, $store:ident, $blend:ident, $splat:ident) => {
        impl Instructions<$ty> for Avx512 {
            #[inline(always)]
            unsafe fn blend(mut rows: Rows<'_, '_, $ty>) {
                /// # Safety
                /// The lanes named must be elements of both samples.
                #[inline]
                #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
                unsafe fn value(row: &Row<'_, $ty>, lanes: $mask, at: usize) -> $vector {
                    let early: $mask = if row.early { <$mask>::MAX } else { 0 };
                    // SAFETY: the caller's promise.
                    let a = unsafe { $load(lanes, row.a.add(at)) };
                    // SAFETY: likewise.
                    let b = unsafe { $load(lanes, row.b.add(at)) };
                    $blend(early, $splat(row.factor), a, b)
                }
                let all: $mask = <$mask>::MAX;
                let (whole, left) = (rows.columns() / $lanes * $lanes, rows.columns() % $lanes);
                for k in 0..rows.count() {
                    let row = rows.row(k);
                    // SAFETY: every lane named is below the length of all three.
                    unsafe {
                        for at in (0..whole).step_by($lanes) {
                            row.fetch_ahead(at);
                            $store(all, row.out.add(at), value(&row, all, at));
                        }
                        if left > 0 {
                            row.fetch_ahead(whole);
                            let lanes = !(all << left);
                            $store(lanes, row.out.add(whole), value(&row, lanes, whole));
                        }
                    }
                }
            }

            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
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
    __m512,
    16,
    __mmask16,
    load_f32,
    store_f32,
    blend_f32,
    _mm512_set1_ps
);
rows!(
    f64,
    __m512d,
    8,
    __mmask8,
    load_f64,
    store_f64,
    blend_f64,
    _mm512_set1_pd
);
rows!(
    f16,
    __m512,
    16,
    __mmask16,
    load_f16,
    store_f16,
    blend_f32,
    _mm512_set1_ps
);
rows!(
    bf16,
    __m512,
    16,
    __mmask16,
    load_bf16,
    store_bf16,
    blend_f32,
    _mm512_set1_ps
);

#[inline]
#[target_feature(enable = "avx512f")]
fn blend_f32(early: __mmask16, factors: __m512, a: __m512, b: __m512) -> __m512 {
    let part = _mm512_mul_ps(factors, _mm512_sub_ps(b, a));
    _mm512_add_ps(_mm512_mask_blend_ps(early, b, a), part)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn blend_f64(early: __mmask8, factors: __m512d, a: __m512d, b: __m512d) -> __m512d {
    let part = _mm512_mul_pd(factors, _mm512_sub_pd(b, a));
    _mm512_add_pd(_mm512_mask_blend_pd(early, b, a), part)
}

/// # Safety
/// The lanes named must be readable at `from`, as for all loads here; likewise for the stores.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load_f32(lanes: __mmask16, from: *const f32) -> __m512 {
    // SAFETY: the caller's promise.
    unsafe { _mm512_maskz_loadu_ps(lanes, from) }
}

#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn store_f32(lanes: __mmask16, to: *mut f32, value: __m512) {
    // SAFETY: the caller's promise.
    unsafe { _mm512_mask_storeu_ps(to, lanes, value) }
}

#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load_f64(lanes: __mmask8, from: *const f64) -> __m512d {
    // SAFETY: the caller's promise.
    unsafe { _mm512_maskz_loadu_pd(lanes, from) }
}

#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn store_f64(lanes: __mmask8, to: *mut f64, value: __m512d) {
    // SAFETY: the caller's promise.
    unsafe { _mm512_mask_storeu_pd(to, lanes, value) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn load_f16(lanes: __mmask16, from: *const f16) -> __m512 {
    // SAFETY: the caller's promise.
    _mm512_cvtph_ps(unsafe { _mm256_maskz_loadu_epi16(lanes, from.cast()) })
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn store_f16(lanes: __mmask16, to: *mut f16, value: __m512) {
    let half = _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(value);
    // SAFETY: the caller's promise.
    unsafe { _mm256_mask_storeu_epi16(to.cast(), lanes, half) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn load_bf16(lanes: __mmask16, from: *const bf16) -> __m512 {
    // SAFETY: the caller's promise.
    let bits = unsafe { _mm256_maskz_loadu_epi16(lanes, from.cast()) };
    _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(bits)))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn store_bf16(lanes: __mmask16, to: *mut bf16, value: __m512) {
    // SAFETY: the caller's promise.
    unsafe { _mm256_mask_storeu_epi16(to.cast(), lanes, narrow_bf16(value)) }
}

/// Rounds as the AVX2 variant does.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn narrow_bf16(value: __m512) -> __m256i {
    let bits = _mm512_castps_si512(value);
    let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
    let rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(value, value);
    let chosen = _mm512_mask_mov_epi32(rounded, nan, _mm512_set1_epi32(0x7fc0_0000));
    _mm512_cvtepi32_epi16(_mm512_srli_epi32::<16>(chosen))
}
