//! Numbers in strided memory.

use crate::guard::{Guarded, POISON, indices};
use crate::oracle::{Number, Times, decode, encode};
use robocache_core::{DType, Error, Layout, Place, Result, TensorView, TensorViewMut};

/// How a tensor lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style<const R: usize> {
    /// The dimensions from the outermost in memory to the innermost.
    pub order: [usize; R],
    /// Elements from one to the next along a dimension, in units of what lies inside.
    pub steps: [usize; R],
    /// Elements left free behind each run along a dimension.
    pub pads: [usize; R],
    /// Dimensions that run backwards.
    pub reversed: [bool; R],
    /// Dimensions of stride zero: all indices name the same elements. Inputs only.
    pub repeated: [bool; R],
    /// Elements by which the first byte lies off a multiple of 64.
    pub shift: usize,
}

impl<const R: usize> Default for Style<R> {
    fn default() -> Self {
        Style {
            order: std::array::from_fn(|axis| axis),
            steps: [1; R],
            pads: [0; R],
            reversed: [false; R],
            repeated: [false; R],
            shift: 0,
        }
    }
}

impl<const R: usize> Style<R> {
    /// Row-major without gaps, `shift` elements off a multiple of 64 bytes.
    pub fn shifted(shift: usize) -> Self {
        Style {
            shift,
            ..Style::default()
        }
    }

    /// The layout of a shape, the position of element 0 and the number of elements that the whole
    /// spans.
    fn place(&self, shape: [usize; R]) -> (Layout<R>, usize, usize) {
        let mut strides = [0isize; R];
        let (mut run, mut first, mut span) = (1usize, 0usize, 1usize);
        for &axis in self.order.iter().rev() {
            if self.repeated[axis] || shape[axis] == 0 {
                continue;
            }
            let stride = run * self.steps[axis];
            let reach = stride * (shape[axis] - 1);
            span += reach;
            strides[axis] = stride as isize;
            if self.reversed[axis] {
                strides[axis] = -strides[axis];
                first += reach;
            }
            run = stride * shape[axis] + self.pads[axis];
        }
        if shape.contains(&0) {
            (first, span) = (0, 0);
        }
        (Layout { shape, strides }, first, span)
    }
}

/// Room for a tensor: a layout in a body of elements.
#[derive(Clone, Debug)]
pub struct Space<const R: usize> {
    /// The type of the elements.
    pub dtype: DType,
    /// Where they lie.
    pub layout: Layout<R>,
    /// The position of element 0 in the body.
    pub first: usize,
    /// Elements of the body.
    pub span: usize,
    /// Bytes by which the body lies off a multiple of 64.
    pub shift: usize,
}

impl<const R: usize> Space<R> {
    /// Room for a shape in a style.
    pub fn new(dtype: DType, shape: [usize; R], style: Style<R>) -> Self {
        let (layout, first, span) = style.place(shape);
        Space {
            dtype,
            layout,
            first,
            span,
            shift: style.shift * dtype.size(),
        }
    }

    /// Bytes of the body.
    pub fn bytes(&self) -> usize {
        self.span * self.dtype.size()
    }

    /// Byte of element 0 in the body.
    pub fn first_byte(&self) -> usize {
        self.first * self.dtype.size()
    }

    /// A guarded buffer for an output.
    pub fn poisoned(&self) -> Guarded {
        Guarded::poisoned(self.bytes(), self.shift)
    }

    /// What is at an address, to be read.
    ///
    /// # Safety
    /// The address is that of element 0, in memory of `place` that holds all of the body, for `'a`.
    ///
    /// # Errors
    /// Those of [`TensorView::from_raw`].
    pub unsafe fn view<'a>(&self, address: u64, place: Place) -> Result<TensorView<'a, R>> {
        // SAFETY: the caller's promise.
        unsafe { TensorView::from_raw(address as *const u8, self.dtype, self.layout, place) }
    }

    /// What is at an address, to be written.
    ///
    /// # Safety
    /// As [`view`](Self::view), and nobody else uses it.
    ///
    /// # Errors
    /// Those of [`TensorViewMut::from_raw`].
    pub unsafe fn view_mut<'a>(&self, address: u64, place: Place) -> Result<TensorViewMut<'a, R>> {
        // SAFETY: the caller's promise.
        unsafe { TensorViewMut::from_raw(address as *mut u8, self.dtype, self.layout, place) }
    }

    /// The elements of an output in the order of their indices, if nothing but them was written; unless `unspecified`,
    /// all of them must have been.
    ///
    /// # Errors
    /// [`Error::Memory`] of the argument.
    pub fn taken(
        &self,
        argument: &'static str,
        buffer: &Guarded,
        unspecified: bool,
    ) -> Result<Vec<u8>> {
        let size = self.dtype.size();
        let checked = match unspecified {
            true => buffer.intact(&self.layout, self.first, size),
            false => buffer.check(&self.layout, self.first, size),
        };
        checked.map_err(|damage| Error::memory(argument, damage.to_string()))?;
        Ok(buffer.gather(&self.layout, self.first, size))
    }
}

impl<const R: usize> std::fmt::Display for Space<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Layout { shape, strides } = self.layout;
        write!(f, "{}{shape:?}", self.dtype)?;
        if !self.layout.is_contiguous() {
            write!(f, " strides {strides:?}")?;
        }
        match self.shift {
            0 => Ok(()),
            bytes => write!(f, " +{bytes} bytes"),
        }
    }
}

/// An input: a tensor with its numbers.
#[derive(Clone, Debug)]
pub struct Operand<const R: usize> {
    /// Where it lies.
    pub space: Space<R>,
    /// The body; between strided elements a pattern that is a NaN.
    pub body: Vec<u8>,
}

impl<const R: usize> Operand<R> {
    /// A tensor from its elements' little-endian bytes. Where a dimension is repeated, the elements at
    /// its last index count.
    pub fn from_bytes(
        dtype: DType,
        shape: [usize; R],
        style: Style<R>,
        element: impl Fn([usize; R]) -> Vec<u8>,
    ) -> Self {
        let space = Space::new(dtype, shape, style);
        let mut body: Vec<u8> = POISON.into_iter().cycle().take(space.bytes()).collect();
        for index in indices(shape) {
            let at = position(&space, index);
            body[at..at + dtype.size()].copy_from_slice(&element(index));
        }
        Operand { space, body }
    }

    /// A tensor of a float type; each number is rounded to it once.
    pub fn floats(
        dtype: DType,
        shape: [usize; R],
        style: Style<R>,
        element: impl Fn([usize; R]) -> f64,
    ) -> Self {
        Operand::from_bytes(dtype, shape, style, |index| encode(dtype, element(index)))
    }

    /// A tensor of any type; each number is rounded to it once.
    pub fn numbers(
        dtype: DType,
        shape: [usize; R],
        style: Style<R>,
        element: impl Fn([usize; R]) -> Number,
    ) -> Self {
        Operand::from_bytes(dtype, shape, style, |index| element(index).encode(dtype))
    }

    /// Lengths or offsets, as i32 or i64.
    pub fn integers(
        dtype: DType,
        shape: [usize; R],
        style: Style<R>,
        element: impl Fn([usize; R]) -> i64,
    ) -> Self {
        Operand::from_bytes(dtype, shape, style, |index| {
            element(index).to_le_bytes()[..dtype.size()].to_vec()
        })
    }

    /// Times of one of the three types: `row` gives those of each row along the first dimension, or the
    /// only ones for `R` = 1.
    pub fn times<'t>(
        dtype: DType,
        shape: [usize; R],
        style: Style<R>,
        row: impl Fn(usize) -> &'t Times,
    ) -> Self {
        Operand::from_bytes(dtype, shape, style, |index| {
            let (of, at) = if R == 1 { (0, 0) } else { (index[0], R - 1) };
            match row(of) {
                Times::F32(times) => times[index[at]].to_le_bytes().to_vec(),
                Times::F64(times) => times[index[at]].to_le_bytes().to_vec(),
                Times::I64(times) => times[index[at]].to_le_bytes().to_vec(),
            }
        })
    }

    /// A guarded copy.
    pub fn guarded(&self) -> Guarded {
        Guarded::holding(&self.body, self.space.shift)
    }

    fn bytes_at(&self, index: [usize; R]) -> &[u8] {
        let at = position(&self.space, index);
        &self.body[at..at + self.space.dtype.size()]
    }

    /// An element of a float type.
    pub fn float(&self, index: [usize; R]) -> f64 {
        decode(self.space.dtype, self.bytes_at(index))
    }

    /// An element of any type.
    pub fn number(&self, index: [usize; R]) -> Number {
        Number::decode(self.space.dtype, self.bytes_at(index))
    }

    /// An element of i32 or i64.
    pub fn integer(&self, index: [usize; R]) -> i64 {
        let bytes = self.bytes_at(index);
        let mut word = [if bytes[bytes.len() - 1] >= 0x80 {
            0xff
        } else {
            0
        }; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        i64::from_le_bytes(word)
    }

    /// `count` times, each found by its place in the sequence.
    pub fn read_times(&self, count: usize, index: impl Fn(usize) -> [usize; R]) -> Times {
        let bytes = |i: usize| self.bytes_at(index(i));
        match self.space.dtype {
            DType::F32 => Times::F32(
                (0..count)
                    .map(|i| f32::from_bits(word(bytes(i)) as u32))
                    .collect(),
            ),
            DType::F64 => Times::F64((0..count).map(|i| f64::from_bits(word(bytes(i)))).collect()),
            _ => Times::I64((0..count).map(|i| word(bytes(i)) as i64).collect()),
        }
    }
}

fn word(bytes: &[u8]) -> u64 {
    let mut word = [0u8; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

fn position<const R: usize>(space: &Space<R>, index: [usize; R]) -> usize {
    (space.first as isize + space.layout.offset(index)) as usize * space.dtype.size()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_where_they_were_put() {
        let style = Style {
            order: [2, 0, 1],
            steps: [1, 2, 1],
            pads: [3, 0, 1],
            reversed: [true, false, true],
            repeated: [false; 3],
            shift: 1,
        };
        let number = |[i, j, k]: [usize; 3]| (100 * i + 10 * j + k) as f64;
        let operand = Operand::floats(DType::F32, [2, 3, 4], style, number);
        for index in indices([2, 3, 4]) {
            assert_eq!(operand.float(index), number(index));
        }
        assert!(!operand.space.layout.may_overlap_itself());
        assert_eq!(operand.space.shift, 4);
        let negative = Operand::integers(DType::I32, [2], Style::default(), |[i]| -(i as i64) - 5);
        assert_eq!([negative.integer([0]), negative.integer([1])], [-5, -6]);
    }

    #[test]
    fn a_repeated_dimension_costs_no_memory() {
        let style = Style {
            repeated: [true, false],
            ..Style::default()
        };
        let row = Times::F64(vec![1.0, 2.0, 3.0]);
        let times = Operand::times(DType::F64, [5, 3], style, |_| &row);
        assert_eq!(times.space.bytes(), 24);
        assert_eq!(times.space.layout.strides, [0, 1]);
        assert_eq!(times.read_times(3, |i| [4, i]), row);
    }
}
