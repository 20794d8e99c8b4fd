//! What holds driver resources gives them back, and asks the driver for nothing it need not.
#![cfg(feature = "cuda")]

use robocache_core::{DType, Error};
use robocache_cuda::{Context, DeviceBuffer, Driver, Event, PinnedBuffer, Stream};
use robocache_testkit::stub::{Config, Device, Stub};
use std::sync::Arc;

fn open() -> (Stub, Driver, Arc<Context>) {
    let stub = Stub::install(Config::new([Device::H200]));
    let driver = stub.driver().unwrap();
    let context = driver.context(0).unwrap();
    (stub, driver, context)
}

#[test]
fn everything_is_released_whatever_the_order() {
    let (stub, driver, context) = open();
    drop(driver);
    let stream = Arc::new(Stream::new(&context).unwrap());
    let plain = DeviceBuffer::upload(&stream, &[1i64]).unwrap();
    let pool = DeviceBuffer::on_stream(&stream, 64).unwrap();
    let pinned = PinnedBuffer::<f32>::zeroed(&context, 5).unwrap();
    let event = Event::new(&context).unwrap();
    assert_eq!(stub.leaks().len(), 6, "{:?}", stub.leaks());
    // The pool's memory keeps its stream, and everything keeps the context.
    drop((context, stream, plain, pinned));
    assert_eq!(stub.leaks().len(), 4, "{:?}", stub.leaks());
    drop((event, pool));
    stub.assert_clean();
    let order: Vec<_> = stub.names().into_iter().rev().take(2).collect();
    assert_eq!(
        order,
        ["cuDevicePrimaryCtxRelease_v2", "cuCtxPopCurrent_v2"]
    );
}

#[test]
fn a_borrowed_stream_is_not_destroyed() {
    let (stub, driver, context) = open();
    let theirs = Stream::new(&context).unwrap();
    // SAFETY: the stream outlives the borrow.
    let borrowed = unsafe { Stream::borrow_raw(&context, theirs.raw()) };
    // SAFETY: null is the legacy default stream.
    let default = unsafe { Stream::borrow_raw(&context, 0) };
    borrowed.synchronize().unwrap();
    default.synchronize().unwrap();
    drop((borrowed, default));
    theirs.synchronize().unwrap();
    drop((theirs, context, driver));
    stub.assert_clean();
}

#[test]
fn empty_memory_needs_no_driver() {
    let (stub, _driver, context) = open();
    let stream = Stream::new(&context).unwrap();
    stub.clear_calls();
    let mut empty = DeviceBuffer::upload::<f32>(&stream, &[]).unwrap();
    empty.fill(&stream, 1).unwrap();
    assert!(empty.is_empty() && empty.download::<f32>(&stream, 0) == Ok(vec![]));
    let layout = robocache_core::Layout::contiguous([0, 3]).unwrap();
    assert_eq!(empty.view::<f32, 2>(0, layout).unwrap().dtype(), DType::F32);
    drop(empty);
    let allowed = ["cuCtxPushCurrent_v2", "cuCtxPopCurrent_v2"];
    assert!(
        stub.names().iter().all(|name| allowed.contains(name)),
        "{:?}",
        stub.names()
    );
}

#[test]
fn lengths_are_checked_before_the_driver_is_asked() {
    let (stub, driver, context) = open();
    let stream = Stream::new(&context).unwrap();
    let mut buffer = DeviceBuffer::new(&context, 8).unwrap();
    let short = DeviceBuffer::new(&context, 4).unwrap();
    let calls = stub.names().len();
    let is_memory = |error: Result<(), Error>| matches!(error, Err(Error::Memory { .. }));
    assert!(is_memory(buffer.write(&stream, &[0u8; 9])));
    assert!(is_memory(buffer.download::<u8>(&stream, 9).map(|_| ())));
    assert!(is_memory(buffer.copy_from(&stream, &short, 5)));
    assert!(is_memory(buffer.copy_from(&stream, &short, 9)));
    let overflow = buffer.download::<i64>(&stream, usize::MAX).map(|_| ());
    assert!(matches!(overflow, Err(Error::Overflow { .. })));
    let layout = robocache_core::Layout::contiguous([3]).unwrap();
    assert!(is_memory(buffer.view::<f32, 1>(0, layout).map(|_| ())));
    assert!(is_memory(buffer.view_mut::<u8, 1>(6, layout).map(|_| ())));
    assert!(is_memory(buffer.view::<i16, 1>(1, layout).map(|_| ())));
    assert_eq!(stub.names().len(), calls);
    drop((buffer, short, stream, context, driver));
    stub.assert_clean();
}
