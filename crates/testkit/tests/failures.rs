//! Every driver call of a program that uses all of robocache-cuda is made to fail in turn: a typed
//! error comes out, everything is given back, and the stack of contexts is as it was.
#![cfg(feature = "cuda")]

use robocache_core::{Error, Result};
use robocache_cuda::{
    Api, DeviceBuffer, Event, Graph, PinnedBuffer, StatusWord, Stream, Workspace,
};
use robocache_testkit::stub::{Call, Config, Device, Stub};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// An ordinary failure that many calls know, one that means nothing, and one after which the context
/// is taken for broken.
const CODES: [u32; 3] = [2, 999, 700];

/// What gives something back. Whoever drops cannot do anything about a failure, so it is only logged.
const RELEASES: [&str; 9] = [
    "cuDevicePrimaryCtxRelease_v2",
    "cuMemFree_v2",
    "cuMemFreeAsync",
    "cuMemFreeHost",
    "cuModuleUnload",
    "cuStreamDestroy_v2",
    "cuGraphDestroy",
    "cuGraphExecDestroy",
    "cuEventDestroy_v2",
];

/// Needs a kernel; covered where there is one, by the operations' own tests.
const KERNELS: [&str; 7] = [
    "cuModuleLoadData",
    "cuModuleUnload",
    "cuModuleGetFunction",
    "cuFuncGetAttribute",
    "cuFuncSetAttribute",
    "cuLaunchKernel",
    "cuLaunchKernelEx",
];

/// Everything that robocache-cuda offers, but for kernels.
fn use_everything(stub: &Stub) -> Result<()> {
    let driver = stub.driver()?;
    let context = driver.context(1)?;
    let stream = Arc::new(Stream::new(&context)?);
    let side = Stream::new(&context)?;

    let data: Vec<i32> = (0..64).collect();
    let mut plain = DeviceBuffer::upload(&stream, &data)?;
    let mut pool = DeviceBuffer::on_stream(&stream, plain.len())?;
    let mut pinned = PinnedBuffer::<i32>::zeroed(&context, data.len())?;
    pinned.copy_from_slice(&data);
    plain.write(&stream, &pinned)?;
    pool.fill(&stream, 0xff)?;
    let bytes = pool.len();
    pool.copy_from(&stream, &plain, bytes / 2)?;
    let found = pool.download::<i32>(&stream, data.len())?;
    assert_eq!(found[..32], data[..32]);
    assert_eq!(found[32..], [-1; 32]);

    let mut status = StatusWord::new(&stream)?;
    status.clear(&stream)?;
    status.read(&stream)?;

    let (start, end) = (Event::new(&context)?, Event::new(&context)?);
    start.record(&stream)?;
    plain.fill(&stream, 1)?;
    end.record(&stream)?;
    end.hold_back(&side)?;
    end.synchronize()?;
    assert!(end.micros_since(&start)? > 0.0);

    assert!(!stream.is_capturing()?);
    let mut graph = Graph::capture(&stream, |stream| {
        assert!(stream.is_capturing()?);
        plain.fill(stream, 2)?;
        pool.copy_from(stream, &plain, bytes)
    })?;
    assert_eq!(pool.download::<i32>(&stream, 1)?, [0]);
    graph.launch(&side)?;
    assert_eq!(pool.download::<i32>(&side, 1)?, [0x0202_0202]);

    // SAFETY: the stream outlives the borrow.
    let borrowed = unsafe { Stream::borrow_raw(&context, side.raw()) };
    borrowed.synchronize()?;
    drop(borrowed);
    stream.synchronize()?;
    context.synchronize()?;
    let (free, total) = context.memory_info()?;
    assert!(free < total);
    assert!(Workspace::from(&mut plain).require(bytes)? != 0);

    // Memory runs out: the error says so, and life goes on.
    match DeviceBuffer::new(&context, 1 << 50).map(|_| ()) {
        Err(Error::Driver {
            call: "cuMemAlloc",
            code: 2,
            ..
        }) => {}
        other => return other,
    }
    context.usable()?;
    drop(driver);
    stream.synchronize()
}

fn install() -> Stub {
    Stub::install(Config::new([Device::A100, Device::H200]))
}

/// Whether the call belongs to a release, or only asks for an error's name.
fn only_logged(calls: &[Call], at: usize) -> bool {
    let releases = |at: Option<usize>| {
        at.and_then(|at| calls.get(at))
            .is_some_and(|call| RELEASES.contains(&call.name))
    };
    match calls[at].name {
        "cuGetErrorName" => true,
        "cuCtxPushCurrent_v2" => releases(Some(at + 1)),
        "cuCtxPopCurrent_v2" => releases(at.checked_sub(1)),
        _ => releases(Some(at)),
    }
}

/// What is wrong with the run in which call `n` failed with `code`; nothing if all is well.
fn faults(stub: &Stub, outcome: std::thread::Result<Result<()>>, code: u32) -> Vec<String> {
    let calls = stub.calls();
    let Some(at) = stub.failed() else {
        return vec!["the planted failure did not strike".into()];
    };
    let (name, before) = (calls[at].name, calls[at.saturating_sub(1)].name);
    let excused = only_logged(&calls, at)
        // The allocation that is meant to run out of memory did.
        || (code == 2 && name == "cuMemAlloc_v2")
        // Another error came first, and was the one reported.
        || (name == "cuCtxPopCurrent_v2" && before == "cuGetErrorName");
    let mut faults = Vec::new();
    match outcome {
        Err(_) => faults.push("a panic".into()),
        Ok(Ok(())) if excused => {}
        Ok(Ok(())) => faults.push("the failure went unnoticed".into()),
        Ok(Err(Error::Driver {
            call, code: found, ..
        })) if found == code
            && (name.starts_with(call) || (excused && call == "an earlier call")) => {}
        Ok(Err(other)) => faults.push(format!("{other:?}")),
    }
    faults.extend(stub.leaks().into_iter().map(|leak| format!("leaks {leak}")));
    faults.extend(stub.violations());
    faults
        .into_iter()
        .map(|fault| format!("{name} (after {before}) fails with {code}: {fault}"))
        .collect()
}

#[test]
fn a_run_without_failures_uses_every_function_and_leaves_nothing() {
    let stub = install();
    assert_eq!(use_everything(&stub), Ok(()));
    stub.assert_clean();
    let called: BTreeSet<_> = stub.names().into_iter().chain(KERNELS).collect();
    let all: BTreeSet<_> = Api::NAMES.iter().copied().collect();
    let missing: Vec<_> = all.difference(&called).collect();
    assert!(missing.is_empty(), "never called: {missing:?}");
    let failed: Vec<_> = stub
        .calls()
        .into_iter()
        .filter(|call| call.code != 0)
        .collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
}

#[test]
fn whichever_call_fails_the_error_is_typed_and_nothing_is_left_behind() {
    let stub = install();
    assert_eq!(use_everything(&stub), Ok(()));
    let count = stub.names().len();
    assert!(count > 150, "{count}");
    let mut all = Vec::new();
    for code in CODES {
        for n in 1..=count {
            let stub = install();
            stub.fail_call(n, code);
            let outcome = catch_unwind(AssertUnwindSafe(|| use_everything(&stub)));
            all.extend(faults(&stub, outcome, code));
        }
    }
    println!("{count} calls, each made to fail with each of {CODES:?}");
    assert!(all.is_empty(), "{} faults:\n{}", all.len(), all.join("\n"));
}

/// A capture that somebody else began must not be left open either.
#[test]
fn a_borrowed_stream_is_left_as_it_was_found() {
    let run = |theirs: u64, context: &Arc<robocache_cuda::Context>| {
        // SAFETY: the stream outlives the borrow.
        let stream = unsafe { Stream::borrow_raw(context, theirs) };
        let mut buffer = DeviceBuffer::new(context, 16)?;
        let mut graph = Graph::capture(&stream, |stream| buffer.fill(stream, 1))?;
        graph.launch(&stream)?;
        stream.synchronize()
    };
    let mut all = Vec::new();
    let mut n = 0;
    loop {
        n += 1;
        let stub = install();
        let driver = stub.driver().unwrap();
        let context = driver.context(0).unwrap();
        let theirs = Stream::new(&context).unwrap();
        stub.fail_call(n, 999);
        let outcome = run(theirs.raw(), &context);
        if stub.failed().is_none() {
            assert_eq!(outcome, Ok(()));
            break;
        }
        let name = stub.calls()[stub.failed().unwrap()].name;
        // Ending the capture cannot be forced where that very call fails.
        if name != "cuStreamEndCapture" && theirs.is_capturing() != Ok(false) {
            all.push(format!(
                "call {n}, {name}: the stream is still being captured"
            ));
        }
    }
    assert!(n > 20, "{n}");
    assert!(all.is_empty(), "{all:#?}");
}

/// The error of the work that was to be captured wins over the capture's own.
#[test]
fn work_that_cannot_be_captured_leaves_the_stream_usable() {
    let stub = install();
    let driver = stub.driver().unwrap();
    let context = driver.context(0).unwrap();
    let stream = Stream::new(&context).unwrap();
    let allocates = Graph::capture(&stream, |_| DeviceBuffer::new(&context, 8).map(|_| ()));
    let Err(Error::Driver { call, code, name }) = allocates.map(|_| ()) else {
        panic!()
    };
    assert_eq!((call, code), ("cuMemAlloc", 900));
    assert_eq!(name, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED");
    let refuses = Graph::capture(&stream, |_| Err(Error::Overflow { what: "this" }));
    assert_eq!(refuses.map(|_| ()), Err(Error::Overflow { what: "this" }));
    // Waiting spoils a capture, even where its error is swallowed.
    let waits = Graph::capture(&stream, |stream| {
        let _ = stream.synchronize();
        Ok(())
    });
    assert!(matches!(
        waits.map(|_| ()),
        Err(Error::Driver {
            call: "cuStreamEndCapture",
            code: 901,
            ..
        })
    ));
    assert_eq!(stream.is_capturing(), Ok(false));
    stream.synchronize().unwrap();
    drop((stream, context, driver));
    stub.assert_clean();
}
