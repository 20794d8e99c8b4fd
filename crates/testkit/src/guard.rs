//! Memory that tells whether everything was written that should be, and nothing else.
//!
//! A buffer has a body between two guard zones, all filled with a pattern that is a NaN in every float
//! type and no mask value. What a variant should have written must differ from the pattern afterwards;
//! everything else, gaps between strided elements included, must still hold it.

use robocache_core::Layout;
use std::fmt;

/// The pattern, as little-endian 16-bit words: a NaN as f16, bf16, f32 and f64, with a payload that no
/// arithmetic makes.
pub const POISON: [u8; 2] = 0x7FFAu16.to_le_bytes();

/// Bytes of the zone at either end.
pub const ZONE: usize = 512;

/// What went wrong with a guarded buffer. Offsets are in bytes from the start of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A byte that belongs to no element was written.
    Overwritten {
        /// Which; below zero or beyond the body for the zones.
        at: isize,
        /// What it holds now.
        found: u8,
    },
    /// An element still holds the pattern.
    Unwritten {
        /// Its index in the tensor.
        index: Vec<usize>,
    },
    /// A byte of an input was changed.
    Changed {
        /// Which.
        at: isize,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Overwritten { at, found } => {
                write!(f, "guard overwritten at byte {at} with {found:#04x}")
            }
            Damage::Unwritten { index } => write!(f, "element {index:?} was never written"),
            Damage::Changed { at } => write!(f, "byte {at} of an input was changed"),
        }
    }
}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A body of bytes in host memory between guard zones.
///
/// The body starts `shift` bytes behind a multiple of 64, so that alignment is the test's choice.
pub struct Guarded {
    lines: Vec<Line>,
    first: usize,
    len: usize,
}

impl Guarded {
    /// A buffer whose body is all pattern.
    pub fn poisoned(len: usize, shift: usize) -> Guarded {
        let first = ZONE + shift;
        let lines = (first + len + ZONE).div_ceil(64);
        let line: [u8; 64] = std::array::from_fn(|i| POISON[i % 2]);
        Guarded {
            lines: vec![Line(line); lines],
            first,
            len,
        }
    }

    /// A buffer with a copy of `body`.
    pub fn holding(body: &[u8], shift: usize) -> Guarded {
        let mut buffer = Guarded::poisoned(body.len(), shift);
        let first = buffer.first;
        buffer.whole_mut()[first..first + body.len()].copy_from_slice(body);
        buffer
    }

    /// Zones and body.
    pub fn whole(&self) -> &[u8] {
        // SAFETY: lines are plain bytes without padding, and as many as the slice says.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), 64 * self.lines.len()) }
    }

    fn whole_mut(&mut self) -> &mut [u8] {
        let len = 64 * self.lines.len();
        // SAFETY: as above, borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), len) }
    }

    /// The bytes between the zones.
    pub fn body(&self) -> &[u8] {
        &self.whole()[self.first..self.first + self.len]
    }

    /// Address of a byte of the body, to read from.
    pub fn address(&self, byte: usize) -> *const u8 {
        self.whole().as_ptr().wrapping_add(self.first + byte)
    }

    /// Address of a byte of the body, to write to.
    pub fn address_mut(&mut self, byte: usize) -> *mut u8 {
        let first = self.first;
        self.whole_mut().as_mut_ptr().wrapping_add(first + byte)
    }

    /// Whether each element of a tensor in the body was written, and nothing else. Element 0 is the
    /// `first`-th of `size` bytes each.
    ///
    /// # Errors
    /// The first damage.
    pub fn check<const R: usize>(
        &self,
        layout: &Layout<R>,
        first: usize,
        size: usize,
    ) -> Result<(), Damage> {
        self.intact(layout, first, size)?;
        let whole = self.whole();
        let unwritten = indices(layout.shape).find(|&index| {
            self.element(layout, first, size, index)
                .all(|byte| whole[byte] == poison(byte))
        });
        match unwritten {
            None => Ok(()),
            Some(index) => Err(Damage::Unwritten {
                index: index.to_vec(),
            }),
        }
    }

    /// Whether nothing but elements of a tensor in the body was written, all of them or not.
    ///
    /// # Errors
    /// [`Damage::Overwritten`].
    pub fn intact<const R: usize>(
        &self,
        layout: &Layout<R>,
        first: usize,
        size: usize,
    ) -> Result<(), Damage> {
        let whole = self.whole();
        let mut belongs = vec![false; whole.len()];
        for index in indices(layout.shape) {
            belongs[self.element(layout, first, size, index)].fill(true);
        }
        match (0..whole.len()).find(|&byte| !belongs[byte] && whole[byte] != poison(byte)) {
            None => Ok(()),
            Some(byte) => Err(Damage::Overwritten {
                at: byte as isize - self.first as isize,
                found: whole[byte],
            }),
        }
    }

    /// The bytes of an element, counted from the start of the allocation.
    fn element<const R: usize>(
        &self,
        layout: &Layout<R>,
        first: usize,
        size: usize,
        index: [usize; R],
    ) -> std::ops::Range<usize> {
        let element = (first as isize + layout.offset(index)) as usize;
        let start = self.first + element * size;
        start..start + size
    }

    /// Whether nothing at all was written since the buffer was made like `before`.
    ///
    /// # Errors
    /// [`Damage::Changed`].
    pub fn unchanged(&self, before: &Guarded) -> Result<(), Damage> {
        match self
            .whole()
            .iter()
            .zip(before.whole())
            .position(|(now, then)| now != then)
        {
            None => Ok(()),
            Some(byte) => Err(Damage::Changed {
                at: byte as isize - self.first as isize,
            }),
        }
    }

    /// The body's elements in row-major order of a tensor in it, gaps left out.
    pub fn gather<const R: usize>(&self, layout: &Layout<R>, first: usize, size: usize) -> Vec<u8> {
        let mut gathered = Vec::with_capacity(layout.len() * size);
        for index in indices(layout.shape) {
            gathered.extend_from_slice(&self.whole()[self.element(layout, first, size, index)]);
        }
        gathered
    }
}

/// What a byte of a buffer holds until it is written. The pattern starts with the allocation, at an even
/// address, where elements of more than one byte start too.
fn poison(byte: usize) -> u8 {
    POISON[byte % 2]
}

/// All indices of a shape in row-major order.
pub fn indices<const R: usize>(shape: [usize; R]) -> impl Iterator<Item = [usize; R]> {
    let count: usize = shape.iter().product();
    (0..count).map(move |mut flat| {
        let mut index = [0; R];
        for axis in (0..R).rev() {
            index[axis] = flat % shape[axis];
            flat /= shape[axis];
        }
        index
    })
}

#[cfg(feature = "cuda")]
mod device {
    use super::Guarded;
    use robocache_core::{Error, Result};
    use robocache_cuda::{DeviceBuffer, Stream};

    /// A copy of a [`Guarded`] buffer in device memory, zones included.
    pub struct DeviceGuarded {
        memory: DeviceBuffer,
        first: usize,
        len: usize,
    }

    impl DeviceGuarded {
        /// Copies a buffer to the device of a stream, and waits.
        ///
        /// # Errors
        /// [`Error::Driver`].
        pub fn upload(stream: &Stream, host: &Guarded) -> Result<DeviceGuarded> {
            Ok(DeviceGuarded {
                memory: DeviceBuffer::upload(stream, host.whole())?,
                first: host.first,
                len: host.len,
            })
        }

        /// The device address of a byte of the body. Allocations start at multiples of 256, so the
        /// alignment is the host buffer's.
        pub fn address(&self, byte: usize) -> u64 {
            self.memory.address() + (self.first + byte) as u64
        }

        /// A copy in host memory, to be checked, behind the stream's earlier work.
        ///
        /// # Errors
        /// [`Error::Driver`], also for a fault of that work.
        pub fn download(&self, stream: &Stream) -> Result<Guarded> {
            let bytes = self.memory.download::<u8>(stream, self.memory.len())?;
            let mut host = Guarded::poisoned(self.len, self.first - super::ZONE);
            if host.whole().len() != bytes.len() {
                return Err(Error::Overflow {
                    what: "a guarded buffer",
                });
            }
            host.whole_mut().copy_from_slice(&bytes);
            Ok(host)
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::guard::{Damage, ZONE};
        use crate::stub::{Config, Device, Stub};
        use robocache_core::Layout;

        #[test]
        fn damage_on_the_device_is_seen() {
            let stub = Stub::install(Config::new([Device::H200]));
            let driver = stub.driver().unwrap();
            let stream = Stream::new(&driver.context(0).unwrap()).unwrap();
            let host = Guarded::holding(&[1, 2, 3], 1);
            let mut device = DeviceGuarded::upload(&stream, &host).unwrap();
            assert_eq!(device.address(2) - device.memory.address(), 3 + ZONE as u64);
            let back = device.download(&stream).unwrap();
            assert_eq!(back.unchanged(&host), Ok(()));
            assert_eq!(back.body(), [1, 2, 3]);

            device.memory.write(&stream, &[9u8]).unwrap();
            let back = device.download(&stream).unwrap();
            let damage = Damage::Overwritten {
                at: -1 - ZONE as isize,
                found: 9,
            };
            let layout = Layout::contiguous([3]).unwrap();
            assert_eq!(back.intact(&layout, 0, 1), Err(damage));
        }
    }
}

#[cfg(feature = "cuda")]
pub use device::DeviceGuarded;

#[cfg(test)]
mod tests {
    use super::*;

    fn write(buffer: &mut Guarded, at: isize, bytes: &[u8]) {
        let start = (buffer.first as isize + at) as usize;
        buffer.whole_mut()[start..start + bytes.len()].copy_from_slice(bytes);
    }

    #[test]
    fn the_pattern_is_a_nan_in_every_float_type() {
        let bytes: Vec<u8> = POISON.into_iter().cycle().take(8).collect();
        for dtype in ["f16", "bf16", "f32", "f64"] {
            let dtype = robocache_core::DType::from_name(dtype).unwrap();
            assert!(crate::oracle::decode(dtype, &bytes).is_nan(), "{dtype}");
        }
    }

    #[test]
    fn unwritten_elements_and_foreign_writes_are_found() {
        // Two rows of two f32, one element apart, the rows reversed.
        let layout = Layout::strided([2, 2], [-3, 1]).unwrap();
        let mut buffer = Guarded::poisoned(5 * 4, 4);
        assert_eq!(buffer.address(0) as usize % 64, 4);
        for element in [0, 1, 3] {
            write(&mut buffer, 4 * element, &1f32.to_le_bytes());
        }
        let check = |buffer: &Guarded| buffer.check(&layout, 3, 4);
        let unwritten = Damage::Unwritten { index: vec![0, 1] };
        assert_eq!(check(&buffer), Err(unwritten));
        write(&mut buffer, 16, &2f32.to_le_bytes());
        assert_eq!(check(&buffer), Ok(()));
        assert_eq!(
            buffer.gather(&layout, 3, 4)[4..8],
            2f32.to_le_bytes(),
            "row-major order starts with the last row in memory"
        );
        for at in [-1, -512, 8, 20, 20 + 511] {
            let mut damaged = Guarded::holding(buffer.body(), 4);
            assert_eq!(damaged.unchanged(&buffer), Ok(()));
            write(&mut damaged, at, &[1]);
            assert_eq!(check(&damaged), Err(Damage::Overwritten { at, found: 1 }));
            assert_eq!(damaged.unchanged(&buffer), Err(Damage::Changed { at }));
        }
    }

    #[test]
    fn bytes_are_elements_too() {
        let layout = Layout::strided([3], [2]).unwrap();
        let mut mask = Guarded::poisoned(5, 1);
        for at in [0, 2, 4] {
            write(&mut mask, at, &[0]);
        }
        assert_eq!(mask.check(&layout, 0, 1), Ok(()));
        write(&mut mask, 3, &[0]);
        let damage = Damage::Overwritten { at: 3, found: 0 };
        assert_eq!(mask.check(&layout, 0, 1), Err(damage));
    }
}
