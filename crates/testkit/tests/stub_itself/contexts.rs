//! Initialisation, and the stack of contexts.

use crate::raw::{INVALID_CONTEXT, INVALID_VALUE, Raw, raw};
use robocache_testkit::stub::{Config, Device, Stub};
use std::ptr::null_mut;

#[test]
fn a_clean_program_is_clean() {
    let raw = Raw::current();
    let address = raw.alloc(16);
    assert_eq!(raw.upload(address, &[3; 16]), 0);
    assert_eq!(raw!(raw, cuMemFree_v2(address)), 0);
    assert_eq!(raw!(raw, cuCtxPopCurrent_v2(&mut null_mut())), 0);
    assert_eq!(raw!(raw, cuDevicePrimaryCtxRelease_v2(0)), 0);
    raw.stub.assert_clean();
    assert_eq!(raw.stub.names().len(), 8);
    assert!(raw.stub.calls().iter().all(|call| call.code == 0));
}

#[test]
fn nothing_works_before_initialisation() {
    let stub = Stub::install(Config::new([Device::H200]));
    let raw = Raw {
        api: stub.api(),
        stub,
    };
    assert_eq!(raw!(raw, cuDeviceGetCount(&mut 0)), 3);
    assert_eq!(raw!(raw, cuDriverGetVersion(&mut 0)), 0);
}

#[test]
fn nothing_works_without_a_current_context() {
    let raw = Raw::new([Device::H200]);
    raw.retain(0);
    let mut address = 0;
    assert_eq!(raw!(raw, cuMemAlloc_v2(&mut address, 16)), INVALID_CONTEXT);
    assert_eq!(address, 0);
    raw.assert_violation("cuMemAlloc_v2: no context is current");
    assert_eq!(raw!(raw, cuCtxSynchronize()), INVALID_CONTEXT);
    assert_eq!(
        raw!(raw, cuStreamCreate(&mut null_mut(), 0)),
        INVALID_CONTEXT
    );
    assert_eq!(
        raw!(raw, cuModuleLoadData(&mut null_mut(), null_mut())),
        INVALID_CONTEXT
    );
    assert_eq!(raw.stub.violations().len(), 4);
}

#[test]
fn contexts_are_pushed_and_popped_in_order() {
    let raw = Raw::new([Device::H200, Device::A100]);
    let (first, second) = (raw.retain(0), raw.retain(1));
    let mut popped = null_mut();
    assert_eq!(raw!(raw, cuCtxPushCurrent_v2(first)), 0);
    assert_eq!(raw!(raw, cuCtxPushCurrent_v2(second)), 0);
    assert_eq!(raw.stub.stack(), [0, 1]);
    assert_eq!(raw!(raw, cuCtxPopCurrent_v2(&mut popped)), 0);
    assert_eq!(popped, second);
    raw.assert_leak("1 context(s) pushed");
    assert_eq!(raw!(raw, cuCtxPopCurrent_v2(&mut popped)), 0);
    assert_eq!((popped, raw.stub.stack()), (first, vec![]));
    assert_eq!(raw!(raw, cuCtxPopCurrent_v2(&mut popped)), INVALID_CONTEXT);
    raw.assert_violation("cuCtxPopCurrent_v2: no context is current");
}

#[test]
fn a_released_context_is_gone_with_what_lived_in_it() {
    let raw = Raw::current();
    let address = raw.alloc(16);
    let mut context = null_mut();
    assert_eq!(raw!(raw, cuCtxPopCurrent_v2(&mut context)), 0);
    assert_eq!(raw!(raw, cuDevicePrimaryCtxRelease_v2(0)), 0);
    assert_eq!(raw!(raw, cuCtxPushCurrent_v2(context)), 709);
    raw.assert_violation("no context, or none any more");
    raw.assert_leak("16 bytes of device memory");
    assert_eq!(raw!(raw, cuDevicePrimaryCtxRelease_v2(0)), INVALID_CONTEXT);
    let other = raw.retain(0);
    assert_eq!(raw!(raw, cuCtxPushCurrent_v2(other)), 0);
    assert_eq!(raw.upload(address, &[0]), INVALID_VALUE);
    assert_eq!(raw.stub.violations().len(), 3);
}

#[test]
fn codes_have_the_drivers_names() {
    let raw = Raw::new([]);
    let name = |code| {
        let mut name = std::ptr::null();
        let known = raw!(raw, cuGetErrorName(code, &mut name));
        // SAFETY: the stub's names are static.
        let text = (!name.is_null()).then(|| unsafe { std::ffi::CStr::from_ptr(name) });
        (known, text.and_then(|text| text.to_str().ok()))
    };
    assert_eq!(name(2), (0, Some("CUDA_ERROR_OUT_OF_MEMORY")));
    assert_eq!(name(700), (0, Some("CUDA_ERROR_ILLEGAL_ADDRESS")));
    assert_eq!(name(999), (0, Some("CUDA_ERROR_UNKNOWN")));
    assert_eq!(name(123_456), (INVALID_VALUE, None));
}

#[test]
fn threads_do_not_see_each_other() {
    let raw = Raw::current();
    raw.alloc(16);
    let elsewhere = std::thread::spawn(|| {
        let raw = Raw::current();
        raw.stub.names().len()
    });
    assert_eq!(elsewhere.join().ok(), Some(3));
    assert_eq!(raw.stub.names().len(), 4);
}
