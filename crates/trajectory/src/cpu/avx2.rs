//! 32-byte vectors along adjacent columns. The last one of a row overlaps the one before, which is harmless as no
//! output is an input; rows shorter than a vector go element by element.
//!
//! The arithmetic is the scalar variant's, operation by operation: vector instructions round as scalar
//! ones do, and nothing is fused.

use super::arith::Arith;
use super::element::{Sample, Value};
use super::rows::{Row, Rows};
use super::spans::Real;
use super::vector;
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

vector::instructions!(Avx2, "avx2,f16c");

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
    let n = rows.columns();
    let past_caches = rows.go_past_caches(lanes);
    let ahead = rows.ahead(BETWEEN, past_caches);
    for k in 0..rows.count() {
        let row = rows.row(k, BETWEEN, ahead);
        // SAFETY: every element and vector ends at or before `n`, the length of all three. Rows that go past the caches
        // are whole vectors and begin at units.
        unsafe {
            if n < lanes {
                row.fetch_ahead(0);
                for at in 0..n {
                    *row.out.add(at) = O::narrow(element::<I, O, BETWEEN>(&row, at));
                }
                continue;
            }
            let mut at = 0;
            while at + lanes <= n {
                row.fetch_ahead(at);
                let values = O::pack(value::<I, O, BETWEEN>(&row, at));
                match past_caches {
                    true => values.write_past(row.out.add(at)),
                    false => values.store(row.out.add(at)),
                }
                at += lanes;
            }
            if at < n {
                let last = n - lanes;
                O::pack(value::<I, O, BETWEEN>(&row, last)).store(row.out.add(last));
            }
        }
    }
}

/// # Safety
/// The samples must have that element.
#[inline(always)]
unsafe fn element<I: Real, O, const BETWEEN: bool>(row: &Row<'_, I, O>, at: usize) -> I::Arith {
    // SAFETY: the caller's promise.
    let (a, b) = unsafe { ((*row.a.add(at)).widen(), (*row.b.add(at)).widen()) };
    let end = if row.early { a } else { b };
    match BETWEEN {
        true => end + row.factor * (b - a),
        false => a,
    }
}

/// # Safety
/// A vector from there on must lie in the samples.
#[inline]
#[target_feature(enable = "avx2,f16c")]
unsafe fn value<I, O, const BETWEEN: bool>(row: &Row<'_, I, O>, at: usize) -> Vector<I>
where
    I: Real<Arith: Lanes> + Load<Vector<I>>,
{
    // SAFETY: the caller's promise.
    unsafe {
        let a = I::load(row.a.add(at));
        match BETWEEN {
            true => I::Arith::from_nearer_end(row.early, row.factor, a, I::load(row.b.add(at))),
            false => a,
        }
    }
}

/// A type whose vectors are computed with; all instructions are those of [`Avx2`].
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

/// A type of samples in memory.
trait Load<V> {
    unsafe fn load(from: *const Self) -> V;
}

/// A type of values in memory, made from vectors by one rounding.
trait Store<V> {
    type Packed: Packed<Self>;

    unsafe fn pack(value: V) -> Self::Packed;
}

/// A vector's values as they are in memory.
trait Packed<O: ?Sized> {
    unsafe fn store(self, to: *mut O);

    /// Writes all of them past the caches, to a multiple of [`UNIT`](super::rows::UNIT) bytes or of their size.
    unsafe fn write_past(self, to: *mut O);
}

impl Lanes for f32 {
    type Vector = __m256;
    const COUNT: usize = 8;

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn from_nearer_end(early: bool, factor: f32, a: __m256, b: __m256) -> __m256 {
        let early = _mm256_castsi256_ps(_mm256_set1_epi32(-i32::from(early)));
        let part = _mm256_mul_ps(_mm256_set1_ps(factor), _mm256_sub_ps(b, a));
        _mm256_add_ps(_mm256_blendv_ps(b, a, early), part)
    }
}

impl Lanes for f64 {
    type Vector = __m256d;
    const COUNT: usize = 4;

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn from_nearer_end(early: bool, factor: f64, a: __m256d, b: __m256d) -> __m256d {
        let early = _mm256_castsi256_pd(_mm256_set1_epi64x(-i64::from(early)));
        let part = _mm256_mul_pd(_mm256_set1_pd(factor), _mm256_sub_pd(b, a));
        _mm256_add_pd(_mm256_blendv_pd(b, a, early), part)
    }
}

/// A conversion between memory and vectors: the arguments' names, and what is done with them.
macro_rules! load {
    ($ty:ty, $vector:ty, |$from:ident| $load:expr) => {
        impl Load<$vector> for $ty {
            #[inline]
            #[target_feature(enable = "avx2,f16c")]
            unsafe fn load($from: *const Self) -> $vector {
                // SAFETY: a vector can be read.
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
            #[target_feature(enable = "avx2,f16c")]
            unsafe fn pack($value: $vector) -> $packed {
                $pack
            }
        }
    };
}

/// How packed values are written: the types of values, the arguments' names, and what is done with them.
macro_rules! packed {
    ($packed:ty, $($ty:ty),+, |$value:ident, $to:ident| $store:expr, $write_past:expr) => {
        $(impl Packed<$ty> for $packed {
            #[inline]
            #[target_feature(enable = "avx2")]
            unsafe fn store(self, $to: *mut $ty) {
                let $value = self;
                // SAFETY: all of them can be written.
                unsafe { $store }
            }

            #[inline]
            #[target_feature(enable = "avx2")]
            unsafe fn write_past(self, $to: *mut $ty) {
                let $value = self;
                // SAFETY: all of them can be written, at such a multiple.
                unsafe { $write_past }
            }
        })+
    };
}

load!(f32, __m256, |from| _mm256_loadu_ps(from));
load!(f16, __m256, |from| _mm256_cvtph_ps(_mm_loadu_si128(
    from.cast()
)));
load!(bf16, __m256, |from| {
    let bits = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()));
    _mm256_castsi256_ps(_mm256_slli_epi32::<16>(bits))
});
load!(f64, __m256d, |from| _mm256_loadu_pd(from));

store!(__m256, f32, __m256, |value| value);
store!(__m256, f16, __m128i, |value| {
    _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(value)
});
store!(__m256, bf16, __m128i, |value| narrow_bf16(value));
store!(__m256, f64, [__m256d; 2], |value| {
    [
        _mm256_castps256_ps128(value),
        _mm256_extractf128_ps::<1>(value),
    ]
    .map(|half| _mm256_cvtps_pd(half))
});
store!(__m256d, f64, __m256d, |value| value);
store!(__m256d, f32, __m128, |value| _mm256_cvtpd_ps(value));
store!(__m256d, f16, i64, |value| {
    let halves = _mm_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(toward_odd(value));
    _mm_cvtsi128_si64(halves)
});
store!(__m256d, bf16, i64, |value| {
    _mm_cvtsi128_si64(narrow_bf16(_mm256_castps128_ps256(toward_odd(value))))
});

packed!(
    __m256,
    f32,
    |value, to| _mm256_storeu_ps(to, value),
    past_caches(to.cast(), _mm256_castps_si256(value))
);
packed!(
    __m256d,
    f64,
    |value, to| _mm256_storeu_pd(to, value),
    past_caches(to.cast(), _mm256_castpd_si256(value))
);
packed!(
    [__m256d; 2],
    f64,
    |values, to| {
        let [low, high] = values;
        low.store(to);
        high.store(to.add(4));
    },
    {
        let [low, high] = values;
        low.write_past(to);
        high.write_past(to.add(4));
    }
);
packed!(
    __m128,
    f32,
    |value, to| _mm_storeu_ps(to, value),
    _mm_stream_ps(to, value)
);
packed!(
    __m128i,
    f16,
    bf16,
    |value, to| _mm_storeu_si128(to.cast(), value),
    _mm_stream_si128(to.cast(), value)
);
packed!(
    i64,
    f16,
    bf16,
    |four, to| to.cast::<i64>().write_unaligned(four),
    _mm_stream_si64(to.cast(), four)
);

/// Halves of lines where they are some, else units, which the CPU gathers.
///
/// # Safety
/// There must be room, and `to` be a multiple of [`UNIT`](super::rows::UNIT).
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn past_caches(to: *mut u8, value: __m256i) {
    // SAFETY: the caller's promise.
    unsafe {
        if to.addr().is_multiple_of(size_of::<__m256i>()) {
            return _mm256_stream_si256(to.cast(), value);
        }
        let to = to.cast::<__m128i>();
        _mm_stream_si128(to, _mm256_castsi256_si128(value));
        _mm_stream_si128(to.add(1), _mm256_extracti128_si256::<1>(value));
    }
}

/// Doubles on their way to 16 bits, as in `element.rs`.
#[inline]
#[target_feature(enable = "avx2")]
fn toward_odd(value: __m256d) -> __m128 {
    let nearest = _mm256_cvtpd_ps(value);
    let back = _mm256_cvtps_pd(nearest);
    let sign = _mm256_set1_pd(-0.0);
    let [size, wanted] = [back, value].map(|v| _mm256_andnot_pd(sign, v));
    let inexact = lower_halves(_mm256_cmp_pd::<_CMP_NEQ_OQ>(back, value));
    let beyond = lower_halves(_mm256_cmp_pd::<_CMP_GT_OQ>(size, wanted));
    // What is true has all bits set, which is minus one.
    let bits = _mm_add_epi32(_mm_castps_si128(nearest), beyond);
    let odd = _mm_and_si128(inexact, _mm_set1_epi32(1));
    _mm_castsi128_ps(_mm_or_si128(bits, odd))
}

/// The lower half of each double's bits.
#[inline]
#[target_feature(enable = "avx2")]
fn lower_halves(value: __m256d) -> __m128i {
    let even = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    let halves = _mm256_permutevar8x32_epi32(_mm256_castpd_si256(value), even);
    _mm256_castsi256_si128(halves)
}

/// Rounds to nearest even by adding half of what is cut off, less one if the kept part is even; NaNs
/// become a quiet NaN instead, as the carry could make them infinite.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn narrow_bf16(value: __m256) -> __m128i {
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
