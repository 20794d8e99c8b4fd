//! What cannot go on is told, with block, thread and line, and so are writes beyond shared memory.

use crate::probe::{ORDERS, assert_found, block, probe, run};
use robocache_testkit::emulate::{Order, Shape};

#[test]
fn a_lane_that_has_returned_is_waited_for_in_vain() {
    let kernel = probe(
        "",
        "if (threadIdx.x == 37) return;\nout[0] = __shfl_sync(0xffffffffu, 1, 0);",
    );
    let says = [
        "probe: block (0, 0, 0), thread (32, 0, 0): waits in __shfl_sync (test/probe.cu:5) for lane 5",
        "which has returned",
    ];
    assert_found(&kernel, &block(64, 0), &says);
}

#[test]
fn lanes_at_different_collectives_do_not_meet() {
    let kernel = probe(
        "",
        "if (threadIdx.x < 16) out[0] = __any_sync(~0u, 1);\nelse out[1] = __ballot_sync(~0u, 1);",
    );
    let says = [
        "waits in __any_sync (test/probe.cu:4) for lane 16 of mask 0xffffffff",
        "waits in another collective: __ballot_sync (test/probe.cu:5)",
    ];
    assert_found(&kernel, &block(32, 0), &says);
}

#[test]
fn the_same_collective_at_two_places_is_two() {
    let kernel = probe(
        "",
        "if (threadIdx.x < 16)\n__syncwarp();\nelse\n__syncwarp();",
    );
    let says = [
        "__syncwarp (test/probe.cu:5)",
        "__syncwarp (test/probe.cu:7)",
    ];
    assert_found(&kernel, &block(32, 0), &says);
    // Each half by itself is fine.
    let kernel = probe(
        "",
        "if (threadIdx.x < 16)\n__syncwarp(0xffff);\nelse\n__syncwarp(0xffff0000);",
    );
    assert!(run::<1>(&kernel, &block(32, 0), Order::Descending).is_ok());
}

#[test]
fn masks_must_agree_hold_the_caller_and_name_threads_that_exist() {
    let disagree = "__syncwarp(threadIdx.x ? ~0u : 1u | ~1u << 1);";
    let kernel = probe("", disagree);
    let says = ["__syncwarp (test/probe.cu:4)", "came with mask"];
    assert_found(&kernel, &block(32, 0), &says);
    let kernel = probe("", "__syncwarp(1);");
    let says = ["calls __syncwarp (test/probe.cu:4) with mask 0x1, which lacks it"];
    assert_found(&kernel, &block(32, 0), &says);
    let kernel = probe("", "__syncwarp();");
    let says = ["for lane 20 of mask 0xffffffff, which does not exist"];
    assert_found(&kernel, &block(20, 0), &says);
    let kernel = probe("", "out[0] = __shfl_sync(0xff, 1, 8);");
    let says = ["__shfl_sync (test/probe.cu:4) reads lane 8, which mask 0xff lacks"];
    assert_found(&kernel, &block(8, 0), &says);
}

#[test]
fn a_barrier_that_some_pass_by_elsewhere_is_divergent() {
    let kernel = probe(
        "",
        "if (threadIdx.x < 40) __syncthreads();\n__syncthreads();",
    );
    let says = [
        "thread (0, 0, 0): waits at __syncthreads (test/probe.cu:4), thread (40, 0, 0) at the one of",
        "test/probe.cu:5",
    ];
    assert_found(&kernel, &block(64, 0), &says);
}

#[test]
fn a_collective_behind_a_barrier_that_its_warp_is_at_is_found() {
    let kernel = probe("", "if (threadIdx.x == 3) __syncwarp();\n__syncthreads();");
    let says = [
        "thread (3, 0, 0): waits in __syncwarp (test/probe.cu:4) for lane 0",
        "waits at the block's barrier: __syncthreads (test/probe.cu:5)",
    ];
    assert_found(&kernel, &block(64, 0), &says);
}

/// From compute capability 7.0 on, a barrier is for the threads that have not returned.
#[test]
fn threads_that_have_returned_are_not_waited_for_at_a_barrier() {
    let kernel = probe(
        "",
        "if (threadIdx.x >= 10) return;\n__syncthreads();\nout[threadIdx.x] = 1;",
    );
    for order in ORDERS {
        assert_eq!(run::<10>(&kernel, &block(64, 0), order), Ok([1; 10]));
    }
}

#[test]
fn a_write_beyond_the_dynamic_shared_memory_is_found() {
    let shared = "extern __shared__ unsigned char shared[];";
    for (bytes, at) in [
        (40, 40),
        (41, 41),
        (0, 0),
        (40, -1),
        (40, 1063),
        (40, -1024),
    ] {
        let kernel = probe(shared, &format!("if (blockIdx.x == 1) shared[{at}] = 1;"));
        let shape = Shape {
            grid: [3, 1, 1],
            ..block(32, bytes)
        };
        let byte = format!("wrote byte {at} of {bytes} bytes of dynamic shared memory");
        assert_found(&kernel, &shape, &["probe: block (1, 0, 0)", &byte]);
    }
    let kernel = probe(shared, "shared[0] = shared[40] = 1;");
    assert!(run::<1>(&kernel, &block(32, 41), Order::Ascending).is_ok());
}

#[test]
fn a_stack_that_was_used_to_its_end_is_found() {
    let body = "
        using namespace emulated;
        if (threadIdx.x == 1) memset(stack_of(*own.block->request, 1), 0, 8);";
    let says = ["thread (1, 0, 0): needed more than 65536 bytes of stack"];
    assert_found(&probe("", body), &block(2, 0), &says);
}

#[test]
fn a_launch_that_no_device_takes_is_refused() {
    let kernel = probe("", "out[0] = 1;");
    for shape in [block(1025, 0), block(0, 0)] {
        assert_found(&kernel, &shape, &["cannot run"]);
    }
    let none = Shape {
        grid: [1, 0, 1],
        ..block(1, 0)
    };
    assert_found(&kernel, &none, &["cannot run"]);
    // SAFETY: refused before anything runs.
    let refused = unsafe { kernel.launch(&block(1, 0), Order::Ascending, &[]) };
    assert!(refused.is_err_and(|what| what.contains("takes 1 parameters, not 0")));
}

#[test]
fn an_access_that_is_not_aligned_is_told_of_with_its_line() {
    let shared = "extern __shared__ __align__(16) unsigned char staged[];";
    for access in [
        "out[0] = *reinterpret_cast<const int*>(staged + 2);",
        "*reinterpret_cast<int*>(staged + threadIdx.x) = 1;",
        "out[0] = int(reinterpret_cast<const uint4*>(staged + 8)->x);",
    ] {
        let kernel = probe(shared, access);
        let says = ["(test/probe.cu:4), which is not aligned to"];
        assert_found(&kernel, &block(32, 64), &says);
    }
}
