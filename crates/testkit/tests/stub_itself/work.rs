//! Memory, launches, streams, graphs: they work, and misuse is noticed.

use crate::raw::{INVALID_VALUE, Raw, raw};
use robocache_testkit::stub::Device;
use std::ffi::c_void;
use std::ptr::null_mut;

#[test]
fn memory_is_real_and_watched() {
    let raw = Raw::current();
    let address = raw.alloc(100);
    let mut back = [0u8; 100];
    let to = back.as_mut_ptr().cast();
    assert_eq!(raw!(raw, cuMemsetD8Async(address, 9, 100, null_mut())), 0);
    assert_eq!(raw.upload(address + 10, &[1, 2, 3]), 0);
    assert_eq!(
        raw!(
            raw,
            cuMemcpyDtoDAsync_v2(address + 20, address + 10, 10, null_mut())
        ),
        0
    );
    assert_eq!(
        raw!(raw, cuMemcpyDtoHAsync_v2(to, address, 100, null_mut())),
        0
    );
    assert_eq!(back[9..14], [9, 1, 2, 3, 9]);
    assert_eq!(back[19..24], [9, 1, 2, 3, 9]);
    assert_eq!(raw.stub.violations(), [""; 0]);

    let mut faults = 0;
    let mut refused = |code: u32, says: &str| {
        faults += 1;
        let all = raw.stub.violations();
        assert_eq!(
            (code, all.len()),
            (INVALID_VALUE, faults),
            "{says}: {all:?}"
        );
        assert!(all[faults - 1].contains(says), "{says:?}: {all:?}");
    };
    refused(raw.upload(address + 98, &[1, 2, 3]), "reach outside");
    refused(raw.upload(address - 1, &[1]), "is no device memory");
    refused(raw.upload(12_345, &[1]), "is no device memory");
    refused(
        raw!(
            raw,
            cuMemcpyDtoDAsync_v2(address + 5, address, 10, null_mut())
        ),
        "overlap",
    );
    let device = address as *const c_void;
    refused(
        raw!(
            raw,
            cuMemcpyHtoDAsync_v2(address + 50, device, 4, null_mut())
        ),
        "is device memory",
    );
    refused(raw!(raw, cuMemFree_v2(address + 1)), "was never allocated");
    refused(
        raw!(raw, cuMemFreeAsync(address, null_mut())),
        "freed otherwise",
    );
    refused(
        raw!(raw, cuMemFreeHost(address as *mut c_void)),
        "freed otherwise",
    );
    assert_eq!(raw!(raw, cuMemFree_v2(address)), 0);
    refused(raw!(raw, cuMemFree_v2(address)), "was freed before");
    refused(raw.upload(address, &[1]), "was freed before");
    // Freed addresses never come again.
    assert_ne!(raw.alloc(100), address);
}

#[test]
fn memory_runs_out() {
    let small = Device {
        memory_bytes: 1000,
        ..Device::H200
    };
    let raw = Raw::new([small]);
    let context = raw.retain(0);
    assert_eq!(raw!(raw, cuCtxPushCurrent_v2(context)), 0);
    let address = raw.alloc(600);
    let (mut free, mut total, mut other) = (0, 0, 0);
    assert_eq!(raw!(raw, cuMemGetInfo_v2(&mut free, &mut total)), 0);
    assert_eq!((free, total), (400, 1000));
    assert_eq!(raw!(raw, cuMemAlloc_v2(&mut other, 401)), 2);
    assert_eq!(raw!(raw, cuMemAlloc_v2(&mut other, 0)), INVALID_VALUE);
    assert_eq!(raw!(raw, cuMemFree_v2(address)), 0);
    assert_eq!(raw!(raw, cuMemAlloc_v2(&mut other, 401)), 0);
}

#[test]
fn handles_are_watched() {
    let raw = Raw::current();
    let stream = raw.stream();
    assert_eq!(raw!(raw, cuEventRecord(stream, null_mut())), 400);
    raw.assert_violation("is no event but a stream");
    assert_eq!(raw!(raw, cuStreamDestroy_v2(stream)), 0);
    assert_eq!(raw!(raw, cuStreamDestroy_v2(stream)), 400);
    assert_eq!(raw!(raw, cuStreamSynchronize(stream)), 400);
    assert!(
        raw.stub.violations()[1..]
            .iter()
            .all(|v| v.contains("was destroyed before"))
    );
    let (module, function) = raw.function(c"kernel");
    assert_eq!(raw!(raw, cuModuleUnload(module)), 0);
    assert_eq!(raw.launch(function, 1, 0, null_mut()), 400);
    assert_eq!(raw.stub.violations().len(), 4);
}

#[test]
fn handles_belong_to_a_context() {
    let raw = Raw::new([Device::H200, Device::H100]);
    let (first, second) = (raw.retain(0), raw.retain(1));
    assert_eq!(raw!(raw, cuCtxPushCurrent_v2(first)), 0);
    let stream = raw.stream();
    assert_eq!(raw!(raw, cuCtxPushCurrent_v2(second)), 0);
    assert_eq!(raw!(raw, cuStreamSynchronize(stream)), 400);
    raw.assert_violation("another context");
}

#[test]
fn launches_are_recorded_and_checked() {
    let raw = Raw::current();
    let (_, function) = raw.function(c"kernel");
    let stream = raw.stream();
    // SAFETY: `Raw::launch` passes sixteen bytes.
    unsafe { raw.stub.param_bytes(16) };
    assert_eq!(raw.launch(function, 3, 128, stream), 0);
    let launches = raw.stub.launches();
    let [launch] = &launches[..] else {
        panic!("{launches:?}")
    };
    assert_eq!(launch.function, "kernel");
    assert_eq!((launch.grid, launch.block), ([3, 1, 1], [256, 1, 1]));
    assert_eq!((launch.shared_bytes, launch.stream), (128, stream as u64));
    assert_eq!(
        (launch.u64_at(0), launch.u64_at(8), launch.u32_at(8)),
        (7, 8, 8)
    );
    // More shared memory than the function was allowed; then it is allowed.
    let wanted = 100_000;
    assert_eq!(raw.launch(function, 1, wanted, stream), INVALID_VALUE);
    raw.assert_violation("cannot run as");
    assert_eq!(raw!(raw, cuFuncSetAttribute(function, 8, wanted as i32)), 0);
    assert_eq!(raw.launch(function, 1, wanted, stream), 0);
    let (optin, fixed) = (
        Device::H200.shared_per_block_optin,
        Device::H200.static_shared,
    );
    let too_much = (optin - fixed + 1) as i32;
    assert_eq!(
        raw!(raw, cuFuncSetAttribute(function, 8, too_much)),
        INVALID_VALUE
    );
    assert_eq!(raw.launch(function, 0, 0, stream), INVALID_VALUE);
    assert_eq!(raw.stub.violations().len(), 2);
}

#[test]
fn a_capture_runs_nothing_and_its_graph_runs_it_all() {
    let raw = Raw::current();
    let (_, function) = raw.function(c"kernel");
    let (stream, other) = (raw.stream(), raw.stream());
    let address = raw.alloc(4);
    assert_eq!(raw.upload(address, &[0; 4]), 0);
    let state = || {
        let mut state = 7;
        assert_eq!(raw!(raw, cuStreamIsCapturing(stream, &mut state)), 0);
        state
    };
    let byte = || {
        let mut byte = [0u8; 4];
        let to = byte.as_mut_ptr().cast();
        assert_eq!(raw!(raw, cuMemcpyDtoHAsync_v2(to, address, 4, other)), 0);
        byte[0]
    };
    let (mut graph, mut executable) = (null_mut(), null_mut());
    assert_eq!(state(), 0);
    assert_eq!(raw!(raw, cuStreamBeginCapture_v2(stream, 1)), 0);
    assert_eq!(state(), 1);
    assert_eq!(raw.launch(function, 5, 0, stream), 0);
    assert_eq!(raw!(raw, cuMemsetD8Async(address, 6, 4, stream)), 0);
    assert_eq!((raw.stub.launches().len(), byte()), (0, 0));
    assert_eq!(raw!(raw, cuStreamEndCapture(stream, &mut graph)), 0);
    assert_eq!(state(), 0);
    assert_eq!(
        raw!(raw, cuGraphInstantiateWithFlags(&mut executable, graph, 0)),
        0
    );
    assert_eq!((raw.stub.launches().len(), byte()), (0, 0));
    for replays in 1..=2 {
        assert_eq!(raw!(raw, cuGraphLaunch(executable, other)), 0);
        let launches = raw.stub.launches();
        assert_eq!((launches.len(), byte()), (replays, 6));
        assert_eq!((launches[0].grid[0], launches[0].stream), (5, other as u64));
    }
    assert_eq!(raw.stub.violations(), [""; 0]);
    // What the graph touches must still be there.
    assert_eq!(raw!(raw, cuMemFree_v2(address)), 0);
    assert_eq!(raw!(raw, cuGraphLaunch(executable, other)), INVALID_VALUE);
    raw.assert_violation("was freed before");
}

#[test]
fn a_call_that_waits_or_allocates_spoils_a_capture() {
    let raw = Raw::current();
    let stream = raw.stream();
    let spoilers: [&dyn Fn() -> u32; 4] = [
        &|| raw!(raw, cuMemAlloc_v2(&mut 0, 16)),
        &|| raw!(raw, cuCtxSynchronize()),
        &|| raw!(raw, cuStreamSynchronize(stream)),
        &|| {
            raw!(
                raw,
                cuModuleLoadData(&mut null_mut(), b"image".as_ptr().cast())
            )
        },
    ];
    for spoil in spoilers {
        let (mut state, mut graph) = (0, null_mut());
        assert_eq!(raw!(raw, cuStreamBeginCapture_v2(stream, 1)), 0);
        assert_eq!(spoil(), 900);
        assert_eq!(raw!(raw, cuStreamIsCapturing(stream, &mut state)), 0);
        assert_eq!(state, 2);
        assert_eq!(raw!(raw, cuStreamEndCapture(stream, &mut graph)), 901);
        assert!(graph.is_null());
    }
    assert_eq!(raw.stub.leaks().len(), 3, "{:?}", raw.stub.leaks());
}

#[test]
fn events_measure_a_clock_that_only_runs_forward() {
    let raw = Raw::current();
    let (mut start, mut end, mut millis) = (null_mut(), null_mut(), 0f32);
    assert_eq!(raw!(raw, cuEventCreate(&mut start, 0)), 0);
    assert_eq!(raw!(raw, cuEventCreate(&mut end, 0)), 0);
    assert_eq!(raw!(raw, cuEventElapsedTime(&mut millis, start, end)), 400);
    let address = raw.alloc(4);
    assert_eq!(raw!(raw, cuEventRecord(start, null_mut())), 0);
    assert_eq!(raw!(raw, cuMemsetD8Async(address, 0, 4, null_mut())), 0);
    assert_eq!(raw!(raw, cuEventRecord(end, null_mut())), 0);
    assert_eq!(raw!(raw, cuEventElapsedTime(&mut millis, start, end)), 0);
    assert!((millis - 0.002).abs() < 1e-9, "{millis}");
}
