//! Barriers hold in every order, and missing ones show in some.

use crate::probe::{ORDERS, block, probe, run};
use robocache_testkit::emulate::{Order, Shape};

const SHARED: &str = "extern __shared__ __align__(16) int shared[];";
/// Each thread reads what its predecessor has written.
const NEIGHBOURS: [&str; 3] = [
    "const int t = threadIdx.x; shared[t] = t;",
    "__syncthreads();",
    "out[t] = t == 0 ? 0 : shared[t - 1];",
];

#[test]
fn a_barrier_holds_in_every_order() {
    let kernel = probe(SHARED, &NEIGHBOURS.join("\n"));
    let expected: [i32; 100] = std::array::from_fn(|t| (t as i32 - 1).max(0));
    for order in ORDERS {
        assert_eq!(run(&kernel, &block(100, 400), order), Ok(expected));
    }
}

#[test]
fn a_missing_barrier_shows_where_threads_come_in_another_order() {
    let kernel = probe(SHARED, &[NEIGHBOURS[0], NEIGHBOURS[2]].concat());
    let found = |order| run::<100>(&kernel, &block(100, 400), order).unwrap();
    let expected: [i32; 100] = std::array::from_fn(|t| (t as i32 - 1).max(0));
    assert_eq!(found(Order::Ascending), expected, "by luck");
    for order in [Order::Descending, Order::Drawn(1)] {
        assert_ne!(found(order), expected, "{order}");
    }
}

#[test]
fn an_order_is_drawn_the_same_for_the_same_seed() {
    let kernel = probe("", "out[threadIdx.x] = atomicAdd(out + 64, 1);");
    let found = |order| run::<65>(&kernel, &block(64, 0), order).unwrap();
    assert_eq!(found(Order::Drawn(7)), found(Order::Drawn(7)));
    assert_ne!(found(Order::Drawn(7)), found(Order::Drawn(8)));
    assert_ne!(found(Order::Drawn(7)), found(Order::Ascending));
    let ascending = found(Order::Ascending);
    assert!(ascending[..64].iter().copied().eq(-1..63));
}

/// Each block finds shared memory as if nobody had used it: a negative number, a NaN.
#[test]
fn shared_memory_is_nobodys_at_first() {
    let declarations = format!("{SHARED}\n__shared__ float fixed[2];");
    let body = "
        const float was = fixed[threadIdx.x];
        out[4 * blockIdx.x + 2 * threadIdx.x] = shared[threadIdx.x] < 0 && was != was;
        __syncthreads();
        shared[threadIdx.x] = 5;
        fixed[threadIdx.x] = 5;
        out[4 * blockIdx.x + 2 * threadIdx.x + 1] = int(fixed[1 - threadIdx.x]);";
    let kernel = probe(&declarations, body);
    assert_eq!(kernel.static_shared(), 8);
    let shape = Shape {
        grid: [3, 1, 1],
        ..block(2, 8)
    };
    for order in [Order::Ascending, Order::Descending] {
        let found: [i32; 12] = run(&kernel, &shape, order).unwrap();
        assert!(found.iter().step_by(2).all(|&fresh| fresh == 1));
    }
}

#[test]
fn every_block_and_thread_runs_once_and_no_other() {
    let body = "
        const int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
        const int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
        out[block * blockDim.x * blockDim.y * blockDim.z + thread] = 1000 * block + thread;";
    let kernel = probe("", body);
    let shape = Shape {
        grid: [2, 3, 4],
        block: [5, 3, 2],
        shared_bytes: 0,
    };
    for order in ORDERS {
        let found: [i32; 721] = run(&kernel, &shape, order).unwrap();
        let expected = (0..720).map(|i| 1000 * (i / 30) + i % 30);
        assert!(found[..720].iter().copied().eq(expected));
        assert_eq!(found[720], -1);
    }
    // A grid that is too small leaves out what it should.
    let small = Shape {
        grid: [2, 3, 3],
        ..shape
    };
    let found: [i32; 720] = run(&kernel, &small, Order::Ascending).unwrap();
    assert!(found[540..].iter().all(|&value| value == -1));
}
