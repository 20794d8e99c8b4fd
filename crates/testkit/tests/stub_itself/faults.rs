//! Leaks are named, and failures strike where they were planted.

use crate::raw::{Raw, raw};
use robocache_testkit::stub::Device;
use std::ptr::null_mut;

#[test]
fn what_is_left_behind_is_named() {
    let raw = Raw::current();
    let (mut pinned, mut event, mut pool) = (null_mut(), null_mut(), 0);
    let address = raw.alloc(48);
    let stream = raw.stream();
    let (mut graph, mut executable) = (null_mut(), null_mut());
    assert_eq!(raw!(raw, cuMemHostAlloc(&mut pinned, 40, 0)), 0);
    assert_eq!(raw!(raw, cuEventCreate(&mut event, 0)), 0);
    assert_eq!(raw!(raw, cuMemAllocAsync(&mut pool, 32, stream)), 0);
    raw.function(c"kernel");
    assert_eq!(raw!(raw, cuStreamBeginCapture_v2(stream, 1)), 0);
    assert_eq!(raw!(raw, cuStreamEndCapture(stream, &mut graph)), 0);
    assert_eq!(
        raw!(raw, cuGraphInstantiateWithFlags(&mut executable, graph, 0)),
        0
    );
    assert_eq!(raw!(raw, cuStreamBeginCapture_v2(stream, 1)), 0);
    for leak in [
        "48 bytes of device memory",
        "40 bytes of pinned memory",
        "32 bytes of stream-ordered memory",
        "stream 0x",
        "event 0x",
        "module 0x",
        "graph 0x",
        "executable graph 0x",
        "a capture of stream",
        "1 context(s) pushed",
        "primary context of device 0, retained 1",
    ] {
        raw.assert_leak(leak);
    }
    assert_eq!(raw.stub.leaks().len(), 11, "{:?}", raw.stub.leaks());
    assert_eq!(raw.stub.violations(), [""; 0]);
    // Releasing them takes them off the list, one by one.
    assert_eq!(raw!(raw, cuStreamEndCapture(stream, &mut graph)), 0);
    assert_eq!(raw!(raw, cuGraphDestroy(graph)), 0);
    assert_eq!(raw!(raw, cuMemFree_v2(address)), 0);
    assert_eq!(raw!(raw, cuEventDestroy_v2(event)), 0);
    assert_eq!(raw.stub.leaks().len(), 8, "{:?}", raw.stub.leaks());
}

#[test]
fn a_planted_failure_strikes_once_and_without_effect() {
    let raw = Raw::current();
    raw.stub.fail_call(2, 999);
    let address = raw.alloc(16);
    let mut other = 0;
    assert_eq!(raw!(raw, cuMemAlloc_v2(&mut other, 16)), 999);
    assert_eq!(other, 0);
    let failed = raw
        .stub
        .failed()
        .map(|index| raw.stub.calls()[index].clone());
    assert!(failed.is_some_and(|call| call.name == "cuMemAlloc_v2" && call.code == 999));
    // Freeing fails: that it was tried is enough, and the memory is still there.
    raw.stub.fail_call(1, 2);
    assert_eq!(raw!(raw, cuMemFree_v2(address)), 2);
    assert!(
        !raw.stub
            .leaks()
            .iter()
            .any(|leak| leak.contains("device memory"))
    );
    assert_eq!(raw.upload(address, &[1; 16]), 0);
    assert_eq!(raw.stub.violations(), [""; 0]);
}

#[test]
fn a_broken_device_stays_broken() {
    let raw = Raw::new([Device::H200, Device::H200]);
    let (first, second) = (raw.retain(0), raw.retain(1));
    assert_eq!(raw!(raw, cuCtxPushCurrent_v2(first)), 0);
    let (_, function) = raw.function(c"kernel");
    raw.stub.break_after_launch(2, 700);
    assert_eq!(raw.launch(function, 1, 0, null_mut()), 0);
    assert_eq!(raw!(raw, cuCtxSynchronize()), 0);
    assert_eq!(raw.launch(function, 1, 0, null_mut()), 0);
    assert_eq!(raw!(raw, cuCtxSynchronize()), 700);
    assert_eq!(raw!(raw, cuMemAlloc_v2(&mut 0, 16)), 700);
    assert_eq!(raw!(raw, cuCtxPopCurrent_v2(&mut null_mut())), 700);
    assert_eq!(raw.stub.stack(), [0u32; 0]);
    assert_eq!(raw!(raw, cuCtxPushCurrent_v2(first)), 700);
    // The other device is well.
    assert_eq!(raw!(raw, cuCtxPushCurrent_v2(second)), 0);
    raw.alloc(16);
    assert_eq!(raw.stub.violations(), [""; 0]);
}
