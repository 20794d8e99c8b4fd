//! How is an output one flat array, whatever its strides?

use crate::{Dense, Output, Problem, Reductions};
use robocache_core::{DType, Element, HostTensorMut, Result, TensorViewMut, bf16, f16, parallel};

/// The outputs that have a place for each cell, or for each voxel.
pub(crate) struct Sheets<'a> {
    /// With the elements of each cell.
    all: Vec<Listed<'a>>,
    empty: f64,
    bits: Option<Bits<'a>>,
}

/// Bits, and the flags that they are made of.
struct Bits<'a> {
    flags: Vec<u8>,
    /// Of a cloud.
    cells: usize,
    bits: HostTensorMut<'a, u8, 2>,
}

type Listed<'a> = (Output, usize, Box<dyn Sheet + 'a>);

impl<'a> Sheets<'a> {
    /// Those of a dense result.
    pub fn of_cells(request: Dense<'a>, problem: &Problem) -> Result<Self> {
        let mut all = reductions(request.cells, problem.features)?;
        if let Some(view) = request.occupancy {
            all.push((Output::Occupancy, 1, sheet::<u8, 4>(view)?));
        }
        let bits = request.bits.map(HostTensorMut::new).transpose()?;
        let [x, y, z] = problem.shape;
        Ok(Sheets {
            all,
            empty: request.options.empty,
            bits: bits.map(|bits| Bits {
                flags: vec![0; problem.batch * x * y * z],
                cells: x * y * z,
                bits,
            }),
        })
    }

    /// Those of a sparse result that have a place for each voxel.
    pub fn of_voxels(
        coords: TensorViewMut<'a, 2>,
        voxels: Reductions<'a, 1, 2>,
        gathered: Option<TensorViewMut<'a, 3>>,
        problem: &Problem,
        empty: f64,
    ) -> Result<Self> {
        let mut all = reductions(voxels, problem.features)?;
        all.push((Output::Coords, 4, sheet::<i32, 2>(coords)?));
        if let Some(view) = gathered {
            let columns = problem.gathered * problem.features;
            all.push((Output::Gathered, columns, values(view)?));
        }
        Ok(Sheets {
            all,
            empty,
            bits: None,
        })
    }

    /// Each as a flat array of all places.
    pub fn parts(&mut self) -> Vec<Part<'_>> {
        let flags = self.bits.as_mut().map(|bits| Part {
            output: Output::Occupancy,
            columns: 1,
            empty: 0.0,
            elements: Elements::U8(&mut bits.flags),
        });
        let empty = self.empty;
        let all = self.all.iter_mut().map(|(output, columns, sheet)| Part {
            output: *output,
            columns: *columns,
            empty,
            elements: sheet.elements(),
        });
        all.chain(flags).collect()
    }

    /// Brings them to where they are wanted.
    pub fn finish(self) {
        for (_, _, sheet) in self.all {
            sheet.finish();
        }
        if let Some(Bits { flags, cells, bits }) = self.bits {
            let all = (&flags[..], bits);
            let bytes = flags.len();
            parallel::for_each(
                all,
                bytes,
                |part| halved_bits(part, cells),
                |part| {
                    pack(part, cells);
                },
            );
        }
    }
}

fn reductions<'a, const C: usize, const V: usize>(
    of: Reductions<'a, C, V>,
    features: usize,
) -> Result<Vec<Listed<'a>>> {
    let mut all: Vec<Listed<'a>> = Vec::new();
    if let Some(view) = of.count {
        all.push((Output::Count, 1, sheet::<i32, C>(view)?));
    }
    if let Some(view) = of.first {
        let first = match view.dtype() {
            DType::I32 => sheet::<i32, C>(view)?,
            _ => sheet::<i64, C>(view)?,
        };
        all.push((Output::First, 1, first));
    }
    for (output, view) in [
        (Output::Sum, of.sum),
        (Output::Mean, of.mean),
        (Output::Max, of.max),
        (Output::Min, of.min),
    ] {
        if let Some(view) = view {
            all.push((output, features, values(view)?));
        }
    }
    Ok(all)
}

fn values<'a, const R: usize>(view: TensorViewMut<'a, R>) -> Result<Box<dyn Sheet + 'a>> {
    match view.dtype() {
        DType::F16 => sheet::<f16, R>(view),
        DType::Bf16 => sheet::<bf16, R>(view),
        _ => sheet::<f32, R>(view),
    }
}

/// An output's elements, one behind the other, or a part of them.
pub(crate) struct Part<'o> {
    pub output: Output,
    /// Of each cell.
    pub columns: usize,
    pub empty: f64,
    pub elements: Elements<'o>,
}

/// Elements of one of the types that outputs have.
pub(crate) enum Elements<'o> {
    U8(&'o mut [u8]),
    I32(&'o mut [i32]),
    I64(&'o mut [i64]),
    F16(&'o mut [f16]),
    Bf16(&'o mut [bf16]),
    F32(&'o mut [f32]),
}

impl<'o> Part<'o> {
    /// The first cells, and the others.
    pub fn split_at(self, cells: usize) -> (Part<'o>, Part<'o>) {
        macro_rules! split {
            ($($form:ident),*) => {
                match self.elements {
                    $(Elements::$form(all) => {
                        let (low, high) = all.split_at_mut(cells * self.columns);
                        (Elements::$form(low), Elements::$form(high))
                    })*
                }
            };
        }
        let (low, high) = split!(U8, I32, I64, F16, Bf16, F32);
        let part = |elements| Part {
            output: self.output,
            columns: self.columns,
            empty: self.empty,
            elements,
        };
        (part(low), part(high))
    }
}

/// An output whose rank and type are forgotten.
trait Sheet {
    fn elements(&mut self) -> Elements<'_>;
    fn finish(self: Box<Self>);
}

/// A type that outputs have.
trait Kind: Element + Default {
    fn elements(all: &mut [Self]) -> Elements<'_>;
}

macro_rules! kinds {
    ($($ty:ty => $form:ident),*) => {$(
        impl Kind for $ty {
            fn elements(all: &mut [Self]) -> Elements<'_> {
                Elements::$form(all)
            }
        }
    )*};
}

kinds! { u8 => U8, i32 => I32, i64 => I64, f16 => F16, bf16 => Bf16, f32 => F32 }

/// A view, and its elements without gaps where it has some.
struct Whole<'a, T, const R: usize> {
    view: HostTensorMut<'a, T, R>,
    without_gaps: Vec<T>,
}

fn sheet<'a, T: Kind, const R: usize>(view: TensorViewMut<'a, R>) -> Result<Box<dyn Sheet + 'a>> {
    let mut view = HostTensorMut::<T, R>::new(view)?;
    let without_gaps = match view.as_slice_mut() {
        Some(_) => Vec::new(),
        None => vec![T::default(); view.shape().iter().product()],
    };
    Ok(Box::new(Whole { view, without_gaps }))
}

impl<T: Kind, const R: usize> Sheet for Whole<'_, T, R> {
    fn elements(&mut self) -> Elements<'_> {
        T::elements(match self.view.as_slice_mut() {
            Some(all) => all,
            None => &mut self.without_gaps,
        })
    }

    fn finish(self: Box<Self>) {
        let Whole { view, without_gaps } = *self;
        if !without_gaps.is_empty() {
            let bytes = 2 * size_of_val(&without_gaps[..]);
            let all = (&without_gaps[..], view);
            parallel::for_each(all, bytes, halved, |(from, mut to)| {
                to.copy_from_slice(from)
            });
        }
    }
}

type Copied<'f, 'a, T, const R: usize> = (&'f [T], HostTensorMut<'a, T, R>);

/// Half of the clouds, or of x.
#[allow(clippy::type_complexity)]
fn halved<'f, 'a, T: Kind, const R: usize>(
    (from, to): Copied<'f, 'a, T, R>,
) -> std::result::Result<(Copied<'f, 'a, T, R>, Copied<'f, 'a, T, R>), Copied<'f, 'a, T, R>> {
    let shape = to.shape();
    let axis = usize::from(R > 1 && shape[0] <= 1);
    let middle = shape[axis] / 2;
    if middle == 0 {
        return Err((from, to));
    }
    let (low_from, high_from) = from.split_at(from.len() / shape[axis] * middle);
    let (low_to, high_to) = to.split_at(axis, middle);
    Ok(((low_from, low_to), (high_from, high_to)))
}

type Packed<'f, 'a> = (&'f [u8], HostTensorMut<'a, u8, 2>);

/// Half of the clouds, or of the bytes of one.
fn halved_bits<'f, 'a>(
    (flags, bits): Packed<'f, 'a>,
    cells: usize,
) -> std::result::Result<(Packed<'f, 'a>, Packed<'f, 'a>), Packed<'f, 'a>> {
    /// Fewer are not worth a piece of their own.
    const ENOUGH: usize = 4096;
    let [clouds, bytes] = bits.shape();
    let (axis, middle, flag) = match clouds > 1 {
        true => (0, clouds / 2, clouds / 2 * cells),
        false if bytes > ENOUGH => (1, bytes / 2, bytes / 2 * 8),
        false => return Err((flags, bits)),
    };
    let (low_flags, high_flags) = flags.split_at(flag);
    let (low, high) = bits.split_at(axis, middle);
    Ok(((low_flags, low), (high_flags, high)))
}

fn pack((flags, mut bits): Packed<'_, '_>, cells: usize) {
    // Of a part of a cloud there are fewer.
    for (cloud, flags) in flags.chunks(cells).enumerate() {
        for (byte, flags) in flags.chunks(8).enumerate() {
            let bit = |(at, &flag): (usize, &u8)| flag << at;
            bits.set([cloud, byte], flags.iter().enumerate().map(bit).sum());
        }
    }
}
