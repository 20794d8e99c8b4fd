//! What arrives later: asynchronous copies, and whatever a thread waits for by asking again and again.

use crate::probe::{ORDERS, assert_found, block, probe, run};

const SHARED: &str = "extern __shared__ __align__(16) int staged[];
    __device__ const __align__(16) int numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8};";

/// Starts two groups, waits as `wait` says, and looks.
fn seen(wait: &str) -> [i32; 2] {
    let body = format!(
        "copy_async_16(staged, numbers); commit_copies();
         copy_async_16(staged + 4, numbers + 4); commit_copies();
         {wait}
         out[0] = staged[0]; out[1] = staged[7];"
    );
    let kernel = probe(SHARED, &body);
    run(&kernel, &block(1, 32), ORDERS[0]).unwrap()
}

#[test]
fn copies_arrive_when_they_are_waited_for() {
    assert_eq!(seen("wait_copies<0>();"), [1, 8]);
    let [first, second] = seen("wait_copies<1>();");
    assert!(first == 1 && second < 0, "{second}");
    let [first, second] = seen("");
    assert!(first < 0 && second < 0, "{first}, {second}");
}

#[test]
fn copies_that_no_device_would_take_are_found() {
    let kernel = probe(SHARED, "copy_async_16(staged + 5, numbers);");
    assert_found(&kernel, &block(32, 64), &["not both aligned"]);
    let kernel = probe(SHARED, "copy_async_16(staged + 8, numbers);");
    let says = ["copies 16 bytes to byte 32 of 36 bytes of dynamic shared memory"];
    assert_found(&kernel, &block(32, 36), &says);
    // Of addresses 8 bytes apart, one is no multiple of 16.
    let found = ["out", "out + 2"].map(|address| {
        let chunk = format!("out[0] = __ldg(reinterpret_cast<const uint4*>({address})).x;");
        run::<8>(&probe(SHARED, &chunk), &block(1, 0), ORDERS[0])
    });
    let says = |what: &String| what.contains("which is not aligned to them");
    assert!(found.iter().any(|ended| ended.as_ref().is_err_and(says)));
}

/// A barrier of a kernel's own, as those of later architectures in shared memory.
const FLAG: &str = "__shared__ int arrived;
    __device__ void wait_for(int count) {
        emulated::wait_until([&] { return arrived == count; }, \"wait_for\", __FILE__, __LINE__);
    }";

#[test]
fn a_thread_can_wait_for_what_others_bring_about() {
    let body = "
        if (threadIdx.x == 0) arrived = 0;
        __syncthreads();
        if (threadIdx.x % 32 == 7) ++arrived;
        wait_for(3);
        out[threadIdx.x] = arrived;";
    for order in ORDERS {
        assert_eq!(run(&probe(FLAG, body), &block(96, 0), order), Ok([3; 96]));
    }
}

#[test]
fn waiting_for_what_never_comes_is_found() {
    let body = "if (threadIdx.x == 40) wait_for(3);\n__syncthreads();";
    let says = [
        "thread (40, 0, 0): waits in wait_for",
        "for what never comes",
    ];
    assert_found(&probe(FLAG, body), &block(96, 0), &says);
}
