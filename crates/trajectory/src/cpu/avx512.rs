//! 64-byte vectors along adjacent columns; what is left of a row goes by a masked one, so that rows of
//! a few columns take a single step.

use super::arith::Arith;
use super::avx2::{self, narrow_bf16};
use super::element::{Sample, Value};
use super::rows::{LINE, Row, Rows};
use super::spans::Real;
use super::vector;
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

vector::instructions!(Avx512, "avx512f,avx512bw,avx512dq,avx512vl");

/// Writes each row, `BETWEEN` its two samples or of its earlier one.
///
/// # Safety
/// The CPU must have the instructions.
#[inline(always)]
unsafe fn each<I, O, const BETWEEN: bool>(mut rows: Rows<'_, '_, I, O>)
where
    I: Real<Arith: Lanes> + Load<Vector<I>>,
    O: Value<I::Arith> + Store<Vector<I>>,
{
    let lanes = I::Arith::COUNT;
    let all = u16::MAX;
    let (whole, left) = (rows.columns() / lanes * lanes, rows.columns() % lanes);
    let past_caches = rows.go_past_caches(lanes);
    let ahead = rows.ahead(BETWEEN, past_caches);
    for k in 0..rows.count() {
        let row = rows.row(k, BETWEEN, ahead);
        // SAFETY: every lane named is below the length of all three. Rows that go past the caches are whole vectors and
        // begin at units.
        unsafe {
            for at in (0..whole).step_by(lanes) {
                row.fetch_ahead(at);
                let values = O::pack(value::<I, O, BETWEEN>(&row, all, at));
                match past_caches {
                    true => values.write_past(row.out.add(at)),
                    false => values.store(all, row.out.add(at)),
                }
            }
            if left > 0 {
                row.fetch_ahead(whole);
                let some = !(all << left);
                let values = O::pack(value::<I, O, BETWEEN>(&row, some, whole));
                values.store(some, row.out.add(whole));
            }
        }
    }
}

/// # Safety
/// The lanes named must be elements of the samples.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn value<I, O, const BETWEEN: bool>(row: &Row<'_, I, O>, lanes: u16, at: usize) -> Vector<I>
where
    I: Real<Arith: Lanes> + Load<Vector<I>>,
{
    // SAFETY: the caller's promise.
    unsafe {
        let a = I::load(lanes, row.a.add(at));
        match BETWEEN {
            true => {
                I::Arith::from_nearer_end(row.early, row.factor, a, I::load(lanes, row.b.add(at)))
            }
            false => a,
        }
    }
}

/// A type whose vectors are computed with; all instructions are those of [`Avx512`].
trait Lanes: Arith {
    type Vector: Copy;
    const COUNT: usize;

    /// The nearer end, and `factor * (b - a)` from there.
    unsafe fn from_nearer_end(
        early: bool,
        factor: Self,
        a: Self::Vector,
        b: Self::Vector,
    ) -> Self::Vector;
}

/// What samples of a type are computed in.
type Vector<I> = <<I as Sample>::Arith as Lanes>::Vector;

/// A type of samples in memory. A lane is read or written if its bit is set.
trait Load<V> {
    unsafe fn load(lanes: u16, from: *const Self) -> V;
}

/// A type of values in memory, made from vectors by one rounding.
trait Store<V> {
    type Packed: Packed<Self>;

    unsafe fn pack(value: V) -> Self::Packed;
}

/// A vector's values as they are in memory.
trait Packed<O: ?Sized> {
    /// Writes the lanes whose bits are set.
    unsafe fn store(self, lanes: u16, to: *mut O);

    /// Writes all of them past the caches, to a multiple of [`UNIT`](super::rows::UNIT) bytes or of their size.
    unsafe fn write_past(self, to: *mut O);
}

impl Lanes for f32 {
    type Vector = __m512;
    const COUNT: usize = 16;

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn from_nearer_end(early: bool, factor: f32, a: __m512, b: __m512) -> __m512 {
        let early = if early { __mmask16::MAX } else { 0 };
        let part = _mm512_mul_ps(_mm512_set1_ps(factor), _mm512_sub_ps(b, a));
        _mm512_add_ps(_mm512_mask_blend_ps(early, b, a), part)
    }
}

impl Lanes for f64 {
    type Vector = __m512d;
    const COUNT: usize = 8;

    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn from_nearer_end(early: bool, factor: f64, a: __m512d, b: __m512d) -> __m512d {
        let early = if early { __mmask8::MAX } else { 0 };
        let part = _mm512_mul_pd(_mm512_set1_pd(factor), _mm512_sub_pd(b, a));
        _mm512_add_pd(_mm512_mask_blend_pd(early, b, a), part)
    }
}

/// A conversion between memory and vectors: the arguments' names, and what is done with them.
macro_rules! load {
    ($ty:ty, $vector:ty, |$lanes:ident, $from:ident| $load:expr) => {
        impl Load<$vector> for $ty {
            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
            unsafe fn load($lanes: u16, $from: *const Self) -> $vector {
                // SAFETY: the lanes named can be read.
                unsafe { $load }
            }
        }
    };
}

macro_rules! store {
    ($vector:ty, $ty:ty, $packed:ty, |$value:ident| $pack:expr) => {
        impl Store<$vector> for $ty {
            type Packed = $packed;

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
            unsafe fn pack($value: $vector) -> $packed {
                $pack
            }
        }
    };
}

/// How packed values are written: the types of values, the arguments' names, and what is done with them.
macro_rules! packed {
    ($packed:ty, $($ty:ty),+, |$value:ident, $lanes:ident, $to:ident| $store:expr, $write_past:expr) => {
        $(impl Packed<$ty> for $packed {
            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
            unsafe fn store(self, $lanes: u16, $to: *mut $ty) {
                let $value = self;
                // SAFETY: the lanes named can be written.
                unsafe { $store }
            }

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
            unsafe fn write_past(self, $to: *mut $ty) {
                let $value = self;
                // SAFETY: all of them can be written, at such a multiple.
                unsafe { $write_past }
            }
        })+
    };
}

load!(f32, __m512, |lanes, from| _mm512_maskz_loadu_ps(
    lanes, from
));
load!(f16, __m512, |lanes, from| {
    _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(lanes, from.cast()))
});
load!(bf16, __m512, |lanes, from| {
    let bits = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(lanes, from.cast()));
    _mm512_castsi512_ps(_mm512_slli_epi32::<16>(bits))
});
load!(f64, __m512d, |lanes, from| {
    _mm512_maskz_loadu_pd(lanes as u8, from)
});

store!(__m512, f32, __m512, |value| value);
store!(__m512, f16, __m256i, |value| {
    _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(value)
});
store!(__m512, bf16, __m256i, |value| {
    let [low, high] = split(value).map(|half| narrow_bf16(half));
    _mm256_set_m128i(high, low)
});
store!(__m512, f64, [__m512d; 2], |value| {
    split(value).map(|half| _mm512_cvtps_pd(half))
});
store!(__m512d, f64, __m512d, |value| value);
store!(__m512d, f32, __m256, |value| _mm512_cvtpd_ps(value));
store!(__m512d, f16, __m128i, |value| {
    _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(toward_odd(value))
});
store!(__m512d, bf16, __m128i, |value| narrow_bf16(toward_odd(
    value
)));

packed!(
    __m512,
    f32,
    |value, lanes, to| _mm512_mask_storeu_ps(to, lanes, value),
    past_caches(to.cast(), _mm512_castps_si512(value))
);
packed!(
    __m512d,
    f64,
    |value, lanes, to| _mm512_mask_storeu_pd(to, lanes as u8, value),
    past_caches(to.cast(), _mm512_castpd_si512(value))
);
packed!(
    [__m512d; 2],
    f64,
    |values, lanes, to| {
        let [low, high] = values;
        low.store(lanes, to);
        high.store(lanes >> 8, to.wrapping_add(8));
    },
    {
        let [low, high] = values;
        low.write_past(to);
        high.write_past(to.add(8));
    }
);
packed!(
    __m256,
    f32,
    |value, lanes, to| _mm256_mask_storeu_ps(to, lanes as u8, value),
    avx2::past_caches(to.cast(), _mm256_castps_si256(value))
);
packed!(
    __m256i,
    f16,
    bf16,
    |value, lanes, to| _mm256_mask_storeu_epi16(to.cast(), lanes, value),
    avx2::past_caches(to.cast(), value)
);
packed!(
    __m128i,
    f16,
    bf16,
    |value, lanes, to| _mm_mask_storeu_epi16(to.cast(), lanes as u8, value),
    _mm_stream_si128(to.cast(), value)
);

/// Whole lines where they are some, else units, which the CPU gathers.
///
/// # Safety
/// There must be room, and `to` be a multiple of [`UNIT`](super::rows::UNIT).
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn past_caches(to: *mut u8, value: __m512i) {
    // SAFETY: the caller's promise.
    unsafe {
        if to.addr().is_multiple_of(LINE) {
            return _mm512_stream_si512(to.cast(), value);
        }
        let to = to.cast::<__m128i>();
        _mm_stream_si128(to, _mm512_castsi512_si128(value));
        _mm_stream_si128(to.add(1), _mm512_extracti64x2_epi64::<1>(value));
        _mm_stream_si128(to.add(2), _mm512_extracti64x2_epi64::<2>(value));
        _mm_stream_si128(to.add(3), _mm512_extracti64x2_epi64::<3>(value));
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn split(value: __m512) -> [__m256; 2] {
    [
        _mm512_castps512_ps256(value),
        _mm512_extractf32x8_ps::<1>(value),
    ]
}

/// Doubles on their way to 16 bits, as in `element.rs`.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn toward_odd(value: __m512d) -> __m256 {
    let nearest = _mm512_cvtpd_ps(value);
    let back = _mm512_cvtps_pd(nearest);
    let inexact = _mm512_cmp_pd_mask::<_CMP_NEQ_OQ>(back, value);
    let beyond = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(_mm512_abs_pd(back), _mm512_abs_pd(value));
    let bits = _mm256_castps_si256(nearest);
    let one = _mm256_set1_epi32(1);
    let bits = _mm256_mask_sub_epi32(bits, beyond, bits, one);
    _mm256_castsi256_ps(_mm256_mask_or_epi32(bits, inexact, bits, one))
}
