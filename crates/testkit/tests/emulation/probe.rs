//! A small kernel of a test's own, with one buffer.

use robocache_testkit::emulate::{Kernel, Order, Shape, Unit};
use std::ffi::c_void;

pub const ORDERS: [Order; 4] = [
    Order::Ascending,
    Order::Descending,
    Order::Drawn(1),
    Order::Drawn(2),
];

/// Compiles `extern "C" __global__ void probe(int* out)` with that body, behind some declarations.
#[track_caller]
pub fn probe(declarations: &str, body: &str) -> Kernel {
    let text = format!(
        "#include \"common/types.cuh\"\n{declarations}\n\
         extern \"C\" __global__ void __launch_bounds__(1024) ENTRY(int* __restrict__ out) {{\n{body}\n}}\n"
    );
    compile(&text).unwrap()
}

pub fn compile(text: &str) -> Result<Kernel, String> {
    let unit = Unit {
        path: "test/probe.cu",
        text,
        entry: "probe",
        element: "float",
    };
    Ok(unit.compile(&[unit.entry])?.remove(0))
}

/// One block of some threads.
pub fn block(threads: u32, shared_bytes: u32) -> Shape {
    Shape {
        grid: [1; 3],
        block: [threads, 1, 1],
        shared_bytes,
    }
}

/// What a launch leaves in `N` integers, which are -1 before.
pub fn run<const N: usize>(
    kernel: &Kernel,
    shape: &Shape,
    order: Order,
) -> Result<[i32; N], String> {
    let mut out = [-1; N];
    let mut address = out.as_mut_ptr();
    let params = [(&raw mut address).cast::<c_void>()];
    // SAFETY: the kernel takes one pointer, and the tests' kernels stay within N integers.
    unsafe { kernel.launch(shape, order, &params) }.map(|()| out)
}

/// A launch must fail in every order, and say all of this.
#[track_caller]
pub fn assert_found(kernel: &Kernel, shape: &Shape, says: &[&str]) {
    for order in ORDERS {
        let Err(what) = run::<1024>(kernel, shape, order) else {
            panic!("nothing was found, {order}");
        };
        for words in says {
            assert!(what.contains(words), "{words:?} in {what:?}, {order}");
        }
    }
}
