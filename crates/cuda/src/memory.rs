//! Device memory, pinned host memory and status words.

use crate::api::DevicePtr;
use crate::{Context, Stream};
use robocache_core::{Element, Error, Layout, Result, TensorView, TensorViewMut};
use robocache_registry::decode_status;
use robocache_registry::status::STATUS_CLEAR;
use std::ffi::c_void;
use std::marker::PhantomData;
use std::sync::Arc;

/// Memory of a device, freed when dropped.
pub struct DeviceBuffer {
    context: Arc<Context>,
    address: DevicePtr,
    bytes: usize,
    /// For stream-ordered memory: the stream on which it is freed.
    stream: Option<Arc<Stream>>,
}

impl DeviceBuffer {
    /// Plain memory. Freeing it waits for the device.
    ///
    /// # Errors
    /// [`Error::Driver`]; see [`Error::is_out_of_memory`].
    pub fn new(context: &Arc<Context>, bytes: usize) -> Result<DeviceBuffer> {
        context.with_current(|| {
            let mut buffer = DeviceBuffer {
                context: context.clone(),
                address: 0,
                bytes,
                stream: None,
            };
            if bytes > 0 {
                // SAFETY: the context is current; one address is written, freed in drop.
                let code = unsafe { (context.api().cuMemAlloc_v2)(&mut buffer.address, bytes) };
                context.check("cuMemAlloc", code)?;
            }
            Ok(buffer)
        })
    }

    /// Memory from the device's pool, allocated and freed in the order of a stream: neither waits.
    /// Work on other streams must be ordered behind its allocation and before its drop.
    ///
    /// # Errors
    /// [`Error::Driver`]; see [`Error::is_out_of_memory`].
    pub fn on_stream(stream: &Arc<Stream>, bytes: usize) -> Result<DeviceBuffer> {
        let context = stream.context();
        context.with_current(|| {
            let mut buffer = DeviceBuffer {
                context: context.clone(),
                address: 0,
                bytes,
                stream: Some(stream.clone()),
            };
            if bytes > 0 {
                // SAFETY: the stream lives; one address is written, freed in drop.
                let code = unsafe {
                    (context.api().cuMemAllocAsync)(&mut buffer.address, bytes, stream.handle())
                };
                context.check("cuMemAllocAsync", code)?;
            }
            Ok(buffer)
        })
    }

    /// Plain memory with a copy of `data`, which is complete when this returns.
    ///
    /// # Errors
    /// [`Error::Driver`].
    pub fn upload<T: Element>(stream: &Stream, data: &[T]) -> Result<DeviceBuffer> {
        let mut buffer = DeviceBuffer::new(stream.context(), size_of_val(data))?;
        buffer.write(stream, data)?;
        Ok(buffer)
    }

    /// Bytes.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Address of the first byte.
    pub fn address(&self) -> u64 {
        self.address
    }

    /// Copies `data` to the start of the buffer, behind the stream's earlier work, and waits.
    ///
    /// # Errors
    /// [`Error::Memory`] if it does not fit; [`Error::Driver`].
    pub fn write<T: Element>(&mut self, stream: &Stream, data: &[T]) -> Result<()> {
        let bytes = size_of_val(data);
        self.check_length(bytes)?;
        if bytes > 0 {
            self.context.with_current(|| {
                let from = data.as_ptr().cast::<c_void>();
                // SAFETY: both sides hold that many bytes; the source is borrowed until the copy is
                // done, as the stream is waited for.
                let code = unsafe {
                    (self.context.api().cuMemcpyHtoDAsync_v2)(
                        self.address,
                        from,
                        bytes,
                        stream.handle(),
                    )
                };
                self.context.check("cuMemcpyHtoDAsync", code)
            })?;
            stream.synchronize()?;
        }
        Ok(())
    }

    /// A copy of the first `count` elements, behind the stream's earlier work; waits.
    ///
    /// # Errors
    /// [`Error::Memory`] if there are not so many; [`Error::Driver`].
    pub fn download<T: Element + Default>(&self, stream: &Stream, count: usize) -> Result<Vec<T>> {
        let bytes = count
            .checked_mul(size_of::<T>())
            .ok_or(Error::Overflow { what: "a copy" })?;
        self.check_length(bytes)?;
        let mut data = vec![T::default(); count];
        if bytes > 0 {
            self.context.with_current(|| {
                let to = data.as_mut_ptr().cast::<c_void>();
                // SAFETY: both sides hold that many bytes; `data` is ours until the stream was waited
                // for.
                let code = unsafe {
                    (self.context.api().cuMemcpyDtoHAsync_v2)(
                        to,
                        self.address,
                        bytes,
                        stream.handle(),
                    )
                };
                self.context.check("cuMemcpyDtoHAsync", code)
            })?;
            stream.synchronize()?;
        }
        Ok(data)
    }

    /// Sets every byte, in the order of the stream.
    ///
    /// # Errors
    /// [`Error::Driver`].
    pub fn fill(&mut self, stream: &Stream, byte: u8) -> Result<()> {
        if self.bytes == 0 {
            return Ok(());
        }
        // SAFETY: the buffer holds that many bytes.
        let set = || unsafe {
            (self.context.api().cuMemsetD8Async)(self.address, byte, self.bytes, stream.handle())
        };
        self.context
            .with_current(|| self.context.check("cuMemsetD8Async", set()))
    }

    /// Copies the first `bytes` of another buffer of the same device, in the order of the stream.
    ///
    /// # Errors
    /// [`Error::Memory`] if either is shorter; [`Error::Driver`].
    pub fn copy_from(&mut self, stream: &Stream, other: &DeviceBuffer, bytes: usize) -> Result<()> {
        self.check_length(bytes)?;
        other.check_length(bytes)?;
        if bytes == 0 {
            return Ok(());
        }
        // SAFETY: both buffers hold that many bytes.
        let copy = || unsafe {
            (self.context.api().cuMemcpyDtoDAsync_v2)(
                self.address,
                other.address,
                bytes,
                stream.handle(),
            )
        };
        self.context
            .with_current(|| self.context.check("cuMemcpyDtoDAsync", copy()))
    }

    /// The buffer from byte `from` on as a tensor.
    ///
    /// # Errors
    /// [`Error::Memory`] if elements would lie outside of the buffer or are misaligned.
    pub fn view<T: Element, const R: usize>(
        &self,
        from: usize,
        layout: Layout<R>,
    ) -> Result<TensorView<'_, R>> {
        self.check_layout::<T, R>(from, &layout)?;
        let first = self.address.wrapping_add(from as u64) as *const u8;
        // SAFETY: every element lies inside of the buffer, which is borrowed.
        unsafe { TensorView::from_raw(first, T::DTYPE, layout, self.context.place()) }
    }

    /// The buffer from byte `from` on as a tensor to be written.
    ///
    /// # Errors
    /// As [`view`](Self::view), and if elements overlap each other.
    pub fn view_mut<T: Element, const R: usize>(
        &mut self,
        from: usize,
        layout: Layout<R>,
    ) -> Result<TensorViewMut<'_, R>> {
        self.check_layout::<T, R>(from, &layout)?;
        let first = self.address.wrapping_add(from as u64) as *mut u8;
        // SAFETY: every element lies inside of the buffer, which is borrowed exclusively.
        unsafe { TensorViewMut::from_raw(first, T::DTYPE, layout, self.context.place()) }
    }

    fn check_length(&self, bytes: usize) -> Result<()> {
        if bytes <= self.bytes {
            return Ok(());
        }
        Err(Error::memory(
            "buffer",
            format!("holds {} bytes, {bytes} were asked for", self.bytes),
        ))
    }

    fn check_layout<T: Element, const R: usize>(
        &self,
        from: usize,
        layout: &Layout<R>,
    ) -> Result<()> {
        let Some((low, high)) = layout.extent()? else {
            return Ok(());
        };
        let size = size_of::<T>() as isize;
        let first = from.checked_add_signed(low * size);
        let end = from.checked_add_signed((high + 1) * size);
        if first.is_some() && end.is_some_and(|end| end <= self.bytes) {
            return Ok(());
        }
        Err(Error::memory(
            "buffer",
            format!(
                "{:?} from byte {from} reaches outside of {} bytes",
                layout.shape, self.bytes
            ),
        ))
    }
}

impl Drop for DeviceBuffer {
    fn drop(&mut self) {
        if self.address == 0 {
            return;
        }
        let api = self.context.api();
        match &self.stream {
            // SAFETY: allocated by `new`, freed once.
            None => self
                .context
                .release("cuMemFree", || unsafe { (api.cuMemFree_v2)(self.address) }),
            Some(stream) => {
                // SAFETY: allocated by `on_stream`, freed once, behind the work of its stream.
                let free = || unsafe { (api.cuMemFreeAsync)(self.address, stream.handle()) };
                self.context.release("cuMemFreeAsync", free);
            }
        }
    }
}

/// Page-locked host memory that the device reads and writes at full speed; cached, so that the CPU
/// reads it at full speed too.
pub struct PinnedBuffer<T: Element> {
    context: Arc<Context>,
    first: *mut T,
    len: usize,
    elements: PhantomData<T>,
}

// SAFETY: owned memory of plain numbers.
unsafe impl<T: Element> Send for PinnedBuffer<T> {}

impl<T: Element> PinnedBuffer<T> {
    /// `len` zeros.
    ///
    /// # Errors
    /// [`Error::Driver`]; [`Error::Overflow`].
    pub fn zeroed(context: &Arc<Context>, len: usize) -> Result<Self> {
        const PORTABLE: u32 = 1; // not write-combined: reading that back would crawl
        let bytes = len
            .checked_mul(size_of::<T>())
            .ok_or(Error::Overflow { what: "a buffer" })?;
        context.with_current(|| {
            let mut address = std::ptr::null_mut::<c_void>();
            // SAFETY: the context is current; one address is written, freed in drop.
            let code =
                unsafe { (context.api().cuMemHostAlloc)(&mut address, bytes.max(1), PORTABLE) };
            context.check("cuMemHostAlloc", code)?;
            // SAFETY: the allocation holds that many bytes, and zeros are valid elements.
            unsafe { std::ptr::write_bytes(address.cast::<u8>(), 0, bytes) };
            let first = address.cast::<T>();
            Ok(PinnedBuffer {
                context: context.clone(),
                first,
                len,
                elements: PhantomData,
            })
        })
    }
}

impl<T: Element> std::ops::Deref for PinnedBuffer<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: initialised in `zeroed`, owned by self, page-aligned.
        unsafe { std::slice::from_raw_parts(self.first, self.len) }
    }
}

impl<T: Element> std::ops::DerefMut for PinnedBuffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.first, self.len) }
    }
}

impl<T: Element> Drop for PinnedBuffer<T> {
    fn drop(&mut self) {
        // SAFETY: allocated by `zeroed`, freed once.
        let free = || unsafe { (self.context.api().cuMemFreeHost)(self.first.cast()) };
        self.context.release("cuMemFreeHost", free);
    }
}

/// A word of device memory in which kernels leave the first fault they find.
pub struct StatusWord(DeviceBuffer);

impl StatusWord {
    /// A clear word.
    ///
    /// # Errors
    /// [`Error::Driver`].
    pub fn new(stream: &Stream) -> Result<StatusWord> {
        let mut word = StatusWord(DeviceBuffer::new(stream.context(), size_of::<u64>())?);
        word.clear(stream)?;
        Ok(word)
    }

    /// Its address, for a kernel.
    pub fn address(&self) -> u64 {
        self.0.address()
    }

    /// Forgets what was found, in the order of the stream.
    ///
    /// # Errors
    /// [`Error::Driver`].
    pub fn clear(&mut self, stream: &Stream) -> Result<()> {
        const { assert!(STATUS_CLEAR == u64::MAX) };
        self.0.fill(stream, 0xff)
    }

    /// Waits for the stream and tells what the kernels found.
    ///
    /// # Errors
    /// [`Error::Time`] with the first offending row and index; [`Error::Driver`].
    pub fn read(&self, stream: &Stream) -> Result<()> {
        let word = self.0.download::<i64>(stream, 1)?;
        decode_status(word[0] as u64)
    }
}
