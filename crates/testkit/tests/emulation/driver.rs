//! Launches through the stub driver: at once, and from graphs.

use crate::probe::compile;
use robocache_cuda::api::Handle;
use robocache_cuda::{Driver, Stream};
use robocache_testkit::emulate::{Emulation, Kernel, Order, context, instead};
use robocache_testkit::stub::{Config, Device, Stub};
use std::ffi::{CStr, c_void};
use std::ptr::null_mut;
use std::sync::OnceLock;

const LAUNCH_FAILED: u32 = 719;

/// `out[i] = more + i` for one block; a shuffle that is one lane short where `more` is negative.
fn kernels(name: &str) -> Result<&'static Kernel, String> {
    static KERNEL: OnceLock<Kernel> = OnceLock::new();
    if name != "count" {
        return Err(format!("there is no kernel {name}"));
    }
    Ok(KERNEL.get_or_init(|| {
        compile(
            "struct Params { int* out; int more; };\n\
             extern \"C\" __global__ void ENTRY(const __grid_constant__ Params p) {\n\
             if (p.more < 0 && threadIdx.x == 1) return;\n\
             __syncwarp();\n\
             p.out[threadIdx.x] = p.more + threadIdx.x;\n}\n",
        )
        .unwrap()
    }))
}

#[repr(C)]
struct Params {
    out: u64,
    more: i32,
}

struct Rig {
    stub: Stub,
    stream: Handle,
    function: Handle,
    out: u64,
}

macro_rules! call {
    ($rig:expr, $name:ident($($argument:expr),* $(,)?)) => {
        // SAFETY: the arguments are what the function's contract asks for.
        unsafe { ($rig.api().$name)($($argument),*) }
    };
}

impl Rig {
    fn new() -> Rig {
        let stub = Stub::install(Config {
            emulation: Some(Emulation {
                order: Order::Descending,
                kernels,
            }),
            ..Config::new([Device::H200])
        });
        let (mut context, mut stream) = (null_mut(), null_mut());
        let (mut module, mut function, mut out) = (null_mut(), null_mut(), 0);
        assert_eq!(call!(stub, cuInit(0)), 0);
        assert_eq!(call!(stub, cuDevicePrimaryCtxRetain(&mut context, 0)), 0);
        assert_eq!(call!(stub, cuCtxPushCurrent_v2(context)), 0);
        assert_eq!(call!(stub, cuStreamCreate(&mut stream, 1)), 0);
        let image = b"an image".as_ptr().cast();
        assert_eq!(call!(stub, cuModuleLoadData(&mut module, image)), 0);
        let mut find = |name: &CStr| {
            call!(
                stub,
                cuModuleGetFunction(&mut function, module, name.as_ptr())
            )
        };
        assert_eq!(find(c"nobody"), 500);
        assert_eq!(stub.violations().len(), 1, "{:?}", stub.violations());
        assert_eq!(find(c"count"), 0);
        assert_eq!(call!(stub, cuMemAlloc_v2(&mut out, 128)), 0);
        Rig {
            stub,
            stream,
            function,
            out,
        }
    }

    fn launch(&self, more: i32) -> u32 {
        let mut params = Params {
            out: self.out,
            more,
        };
        let mut address = (&raw mut params).cast::<c_void>();
        let (f, s) = (self.function, self.stream);
        call!(
            self.stub,
            cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, s, &mut address, null_mut())
        )
    }

    fn found(&self, at: usize) -> i32 {
        // SAFETY: the allocation of 32 integers is alive.
        unsafe { (self.out as *const i32).add(at).read() }
    }
}

#[test]
fn a_launch_runs_the_kernel_of_that_name() {
    let rig = Rig::new();
    assert_eq!(rig.launch(5), 0);
    assert_eq!((rig.found(0), rig.found(31)), (5, 36));
    assert_eq!(rig.stub.launches().len(), 1);
}

#[test]
fn a_graph_runs_it_at_every_replay_with_the_parameters_of_the_capture() {
    let rig = Rig::new();
    let (mut graph, mut executable) = (null_mut(), null_mut());
    let stub = &rig.stub;
    assert_eq!(rig.launch(0), 0);
    assert_eq!(call!(stub, cuStreamBeginCapture_v2(rig.stream, 1)), 0);
    assert_eq!(rig.launch(7), 0);
    assert_eq!(call!(stub, cuStreamEndCapture(rig.stream, &mut graph)), 0);
    assert_eq!(
        call!(stub, cuGraphInstantiateWithFlags(&mut executable, graph, 0)),
        0
    );
    assert_eq!(rig.found(0), 0, "captured, not run");
    for _ in 0..2 {
        assert_eq!(call!(stub, cuGraphLaunch(executable, rig.stream)), 0);
        assert_eq!((rig.found(0), rig.found(31)), (7, 38));
        assert_eq!(rig.launch(1), 0);
        assert_eq!(rig.found(0), 1);
    }
}

#[test]
fn a_fault_is_a_violation_and_breaks_the_context() {
    let rig = Rig::new();
    assert_eq!(rig.launch(-1), LAUNCH_FAILED);
    let violations = rig.stub.violations();
    let words = "cuLaunchKernel: probe: block (0, 0, 0), thread (0, 0, 0): waits in __syncwarp";
    assert!(violations[1].contains(words), "{violations:?}");
    assert_eq!(rig.launch(1), LAUNCH_FAILED);
    assert_eq!(call!(rig.stub, cuCtxSynchronize()), LAUNCH_FAILED);
}

#[test]
fn emulated_devices_stand_in_for_those_that_are_there() {
    let devices = [Device::H200, Device::A100];
    let names = instead(&devices, Order::Ascending, || {
        [0, 1].map(|ordinal| context(ordinal).unwrap().cuda_caps().name.clone())
    });
    assert_eq!(names, Ok(devices.map(|device| device.name.to_owned())));
    let missing = instead(&devices, Order::Ascending, || context(2).is_err());
    assert_eq!(missing, Ok(true));
    let here = Driver::open().map(Driver::device_count);
    assert_eq!(context(0).is_ok(), here.is_ok_and(|count| count > 0));
}

#[test]
fn what_is_left_behind_on_them_is_told() {
    let left = instead(&[Device::H200], Order::Ascending, || {
        std::mem::forget(Stream::new(&context(0).unwrap()).unwrap());
    });
    assert!(
        left.as_ref().is_err_and(|what| what.contains("stream 0x")),
        "{left:?}"
    );
}
