//! Every state that a driver can be found in, and what its contexts promise.
#![cfg(feature = "cuda")]

use robocache_core::{Error, Place};
use robocache_cuda::api::Handle;
use robocache_cuda::driver::OLDEST_CUDA;
use robocache_cuda::{DeviceBuffer, Driver, Event, PinnedBuffer, StatusWord, Stream};
use robocache_testkit::stub::{Config, Device, Stub};
use std::ptr::null_mut;
use std::sync::Arc;

/// The error of opening a driver that is found so.
fn open(config: Config) -> Error {
    let stub = Stub::install(config);
    let error = stub.driver().map(|_| ()).expect_err("must not open");
    stub.assert_clean();
    error
}

fn good() -> Config {
    Config::new([Device::H200])
}

#[test]
fn an_old_driver_is_told_apart() {
    for (version, shown) in [
        (11_080, "CUDA 11.8"),
        (11_040, "CUDA 11.4"),
        (0, "CUDA 0.0"),
    ] {
        let error = open(Config {
            driver_version: version,
            ..good()
        });
        let Error::DriverTooOld { found, needed } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(found, shown);
        assert!(needed.contains("12.0"), "{needed}");
    }
    let oldest = Stub::install(Config {
        driver_version: OLDEST_CUDA,
        ..good()
    });
    let driver = oldest.driver().unwrap();
    assert_eq!(
        (driver.cuda_version(), driver.device_count()),
        (OLDEST_CUDA, 1)
    );
}

#[test]
fn a_driver_without_devices_says_so() {
    let none = Error::NoDevice {
        ordinal: 0,
        count: 0,
    };
    assert_eq!(
        open(Config {
            init_code: 100,
            ..good()
        }),
        none
    );
    // As seen with CUDA_VISIBLE_DEVICES empty: the driver starts, and shows none.
    let stub = Stub::install(Config::new([]));
    let driver = stub.driver().unwrap();
    assert_eq!(driver.device_count(), 0);
    assert_eq!(driver.context(0).map(|_| ()), Err(none));
}

#[test]
fn the_toolkits_stub_library_is_no_driver() {
    let error = open(Config {
        init_code: 34,
        ..good()
    });
    let Error::DriverMissing { reason } = &error else {
        panic!("{error:?}")
    };
    assert!(reason.contains("LD_LIBRARY_PATH"), "{reason}");
}

#[test]
fn other_failures_keep_their_call_code_and_name() {
    let error = open(Config {
        init_code: 999,
        ..good()
    });
    let expected = Error::Driver {
        call: "cuInit",
        code: 999,
        name: "CUDA_ERROR_UNKNOWN".into(),
    };
    assert_eq!(error, expected);
    // A code that is newer than the driver's own table.
    let error = open(Config {
        init_code: 54_321,
        ..good()
    });
    assert!(
        matches!(&error, Error::Driver { code: 54_321, name, .. } if name == "unknown error"),
        "{error:?}"
    );
    assert_eq!(
        open(Config {
            init_code: 3,
            ..good()
        }),
        Error::Forked
    );
}

#[test]
fn an_ordinal_out_of_range_is_named() {
    let stub = Stub::install(Config::new([Device::H200, Device::A100]));
    let driver = stub.driver().unwrap();
    for ordinal in [2, 7, u32::MAX] {
        let error = driver.context(ordinal).map(|_| ());
        assert_eq!(error, Err(Error::NoDevice { ordinal, count: 2 }));
    }
    assert!(driver.context(1).is_ok());
}

#[test]
fn a_context_knows_its_device() {
    let stub = Stub::install(Config::new(Device::ALL));
    let driver = stub.driver().unwrap();
    for (ordinal, device) in Device::ALL.iter().enumerate() {
        let context = driver.context(ordinal as u32).unwrap();
        assert_eq!(context.ordinal(), ordinal as u32);
        assert_eq!(context.place(), Place::Cuda(ordinal as u32));
        assert_eq!(*context.caps(), device.caps(ordinal as u32));
        let shown = format!("{} (cuda:{ordinal})", device.name);
        assert_eq!(context.caps().to_string(), shown);
    }
}

#[test]
fn the_drivers_number_of_a_device_need_not_be_its_ordinal() {
    let stub = Stub::install(Config {
        first_device: 7,
        ..Config::new([Device::H200, Device::A100])
    });
    let driver = stub.driver().unwrap();
    let context = driver.context(1).unwrap();
    assert_eq!(context.cuda_caps().name, Device::A100.name);
    assert_eq!(context.place(), Place::Cuda(1));
    drop((context, driver));
    stub.assert_clean();
}

#[test]
fn contexts_are_shared_and_retained_once() {
    let stub = Stub::install(Config::new([Device::H200, Device::H100]));
    let driver = stub.driver().unwrap();
    let (a, b) = (driver.context(0).unwrap(), driver.context(1).unwrap());
    assert!(Arc::ptr_eq(&a, &driver.context(0).unwrap()));
    assert!(!Arc::ptr_eq(&a, &b));
    assert_ne!(a.raw(), b.raw());
    let retained = |name: &str| stub.names().iter().filter(|n| **n == name).count();
    assert_eq!(retained("cuDevicePrimaryCtxRetain"), 2);
    drop(driver);
    // Whoever holds a context keeps it.
    assert_eq!(retained("cuDevicePrimaryCtxRelease_v2"), 0);
    a.synchronize().unwrap();
    drop(a);
    assert_eq!(retained("cuDevicePrimaryCtxRelease_v2"), 1);
    assert_eq!(stub.leaks().len(), 1);
    drop(b);
    stub.assert_clean();
}

#[test]
fn a_context_that_could_not_be_opened_is_tried_again() {
    let stub = Stub::install(good());
    let driver = stub.driver().unwrap();
    stub.fail_call(1, 2);
    assert!(
        driver
            .context(0)
            .is_err_and(|error| error.is_out_of_memory())
    );
    assert!(driver.context(0).is_ok());
}

#[test]
fn what_another_library_had_made_current_stays_current() {
    let stub = Stub::install(Config::new([Device::H200, Device::A100]));
    let driver = stub.driver().unwrap();
    let context = driver.context(0).unwrap();
    // PyTorch on the other device, before and while we work.
    let (api, mut theirs) = (stub.api(), null_mut());
    // SAFETY: what another library of the process would call.
    unsafe {
        assert_eq!((api.cuDevicePrimaryCtxRetain)(&mut theirs, 1), 0);
        assert_eq!((api.cuCtxPushCurrent_v2)(theirs), 0);
    }
    let stream = Arc::new(Stream::new(&context).unwrap());
    assert_eq!(stub.stack(), [1]);
    let buffer = DeviceBuffer::upload(&stream, &[1u8, 2]).unwrap();
    assert_eq!(buffer.download::<u8>(&stream, 2).unwrap(), [1, 2]);
    stream.synchronize().unwrap();
    assert_eq!(stub.stack(), [1]);
    // Also where the work between fails, and where memory is freed.
    let huge = DeviceBuffer::new(&context, 1 << 50).map(|_| ());
    assert!(huge.is_err_and(|error| error.is_out_of_memory()));
    drop((buffer, stream, context, driver));
    assert_eq!(stub.stack(), [1]);
    // SAFETY: as above.
    unsafe {
        assert_eq!((api.cuCtxPopCurrent_v2)(&mut theirs), 0);
        assert_eq!((api.cuDevicePrimaryCtxRelease_v2)(1), 0);
    }
    stub.assert_clean();
}

/// A kernel of somebody else's on our device, so that the device breaks as it would.
fn break_device(stub: &Stub, context: u64, code: u32) {
    stub.break_after_launch(1, code);
    let api = stub.api();
    let (mut module, mut function): (Handle, Handle) = (null_mut(), null_mut());
    let mut parameter = [std::ptr::from_mut(&mut module).cast()];
    // SAFETY: what another library of the process would call; the parameter is never looked at.
    unsafe {
        assert_eq!((api.cuCtxPushCurrent_v2)(context as _), 0);
        assert_eq!(
            (api.cuModuleLoadData)(&mut module, b"image".as_ptr().cast()),
            0
        );
        assert_eq!(
            (api.cuModuleGetFunction)(&mut function, module, c"bad".as_ptr()),
            0
        );
        let code = (api.cuLaunchKernel)(
            function,
            1,
            1,
            1,
            1,
            1,
            1,
            0,
            null_mut(),
            parameter.as_mut_ptr(),
            null_mut(),
        );
        assert_eq!(code, 0);
        (api.cuModuleUnload)(module);
        (api.cuCtxPopCurrent_v2)(&mut null_mut());
    }
}

#[test]
fn a_sticky_error_is_reported_by_every_later_call() {
    let stub = Stub::install(Config::new([Device::H200, Device::A100]));
    let driver = stub.driver().unwrap();
    let (context, healthy) = (driver.context(0).unwrap(), driver.context(1).unwrap());
    let stream = Arc::new(Stream::new(&context).unwrap());
    let mut buffer = DeviceBuffer::upload(&stream, &[0u8; 8]).unwrap();
    let other = DeviceBuffer::on_stream(&stream, 8).unwrap();
    let mut status = StatusWord::new(&stream).unwrap();
    let event = Event::new(&context).unwrap();
    break_device(&stub, context.raw(), 700);

    let sticky = |what: &str, result: Result<(), Error>| {
        let name = "CUDA_ERROR_ILLEGAL_ADDRESS";
        match result {
            Err(Error::Driver {
                code: 700,
                name: found,
                ..
            }) if found == name => {}
            other => panic!("{what}: {other:?}"),
        }
    };
    sticky("the first call", stream.synchronize());
    let calls = stub.names().len();
    let later = || context.usable();
    sticky("usable", later());
    let expected = later();
    for (what, result) in [
        ("stream", stream.synchronize()),
        ("is_capturing", stream.is_capturing().map(|_| ())),
        ("context", context.synchronize()),
        ("memory_info", context.memory_info().map(|_| ())),
        ("new stream", Stream::new(&context).map(|_| ())),
        ("new event", Event::new(&context).map(|_| ())),
        ("record", event.record(&stream)),
        ("event", event.synchronize()),
        ("hold_back", event.hold_back(&stream)),
        ("micros", event.micros_since(&event).map(|_| ())),
        ("new buffer", DeviceBuffer::new(&context, 8).map(|_| ())),
        (
            "pool buffer",
            DeviceBuffer::on_stream(&stream, 8).map(|_| ()),
        ),
        (
            "pinned",
            PinnedBuffer::<u8>::zeroed(&context, 8).map(|_| ()),
        ),
        ("write", buffer.write(&stream, &[1u8])),
        ("download", buffer.download::<u8>(&stream, 1).map(|_| ())),
        ("fill", buffer.fill(&stream, 0)),
        ("copy", buffer.copy_from(&stream, &other, 8)),
        ("status", status.clear(&stream)),
        ("status read", status.read(&stream)),
        (
            "again",
            driver.context(0).and_then(|context| context.synchronize()),
        ),
    ] {
        assert_eq!(result, expected, "{what}");
    }
    // None of them went to the driver, but for the name of the code.
    assert!(
        stub.names()[calls..]
            .iter()
            .all(|name| *name == "cuGetErrorName")
    );
    // The other device works on.
    let stream_there = Stream::new(&healthy).unwrap();
    let there = DeviceBuffer::upload(&stream_there, &[5u8]).unwrap();
    assert_eq!(there.download::<u8>(&stream_there, 1).unwrap(), [5]);
    // And everything is still given back, as far as the driver takes it.
    drop((there, stream_there, healthy));
    drop((event, status, other, buffer, stream, context, driver));
    stub.assert_clean();
}

#[test]
fn an_error_that_does_not_stick_leaves_the_context_usable() {
    let stub = Stub::install(good());
    let driver = stub.driver().unwrap();
    let context = driver.context(0).unwrap();
    let stream = Stream::new(&context).unwrap();
    for code in [1, 2, 400, 999] {
        stub.fail_call(2, code);
        let error = DeviceBuffer::new(&context, 8).map(|_| ());
        assert!(
            matches!(error, Err(Error::Driver { call: "cuMemAlloc", code: found, .. }) if found == code)
        );
        context.usable().unwrap();
        let buffer = DeviceBuffer::upload(&stream, &[7i32]).unwrap();
        assert_eq!(buffer.download::<i32>(&stream, 1), Ok(vec![7]));
    }
}

/// A driver is not tied to a stub: the table may come from anywhere.
#[test]
fn a_table_of_the_callers_is_used() {
    let stub = Stub::install(good());
    let driver = Driver::with_api(stub.api()).unwrap();
    assert_eq!(driver.device_count(), 1);
    assert_eq!(
        stub.names(),
        ["cuDriverGetVersion", "cuInit", "cuDeviceGetCount"]
    );
}
