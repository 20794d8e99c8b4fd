//! Bulk copies, which report to a barrier in shared memory.

use crate::probe::{ORDERS, assert_found, block, probe, run};

const SHARED: &str = "extern __shared__ __align__(128) int staged[];
    __shared__ u64 arrival;
    __device__ const __align__(16) int numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8};";

/// Has thread 0 copy some `bytes` to element `to`, of which it expects `expected`.
fn start(to: u32, bytes: u32, expected: u32) -> String {
    format!(
        "if (threadIdx.x == 0) {{
             open_arrival(&arrival);
             expect_arrival(&arrival, {expected});
             copy_bulk(staged + {to}, numbers, {bytes}, &arrival);
         }}
         __syncthreads();"
    )
}

#[test]
fn a_bulk_copy_arrives_when_it_is_waited_for() {
    let waits = format!(
        "{} wait_arrival(&arrival, 0); out[threadIdx.x] = staged[threadIdx.x % 8];",
        start(0, 32, 32)
    );
    for order in ORDERS {
        let found = run::<64>(&probe(SHARED, &waits), &block(64, 32), order).unwrap();
        assert_eq!(found[..8], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(found[56..], [1, 2, 3, 4, 5, 6, 7, 8]);
    }
    // Whoever looks before it waits finds what nobody has written.
    let looks = format!(
        "{} const int found = staged[threadIdx.x % 8]; __syncthreads(); wait_arrival(&arrival, 0); out[threadIdx.x] = found;",
        start(0, 32, 32)
    );
    let found = run::<64>(&probe(SHARED, &looks), &block(64, 32), ORDERS[0]).unwrap();
    assert!(found.iter().all(|&number| number < 0), "{found:?}");
}

#[test]
fn a_barrier_takes_one_turn_after_another() {
    let body = format!(
        "{} wait_arrival(&arrival, 0);
         const int first = staged[threadIdx.x % 8];
         before_bulk();
         __syncthreads();
         if (threadIdx.x == 0) {{
             expect_arrival(&arrival, 16);
             copy_bulk(staged, numbers + 4, 16, &arrival);
         }}
         wait_arrival(&arrival, 1);
         out[threadIdx.x] = 10 * first + staged[threadIdx.x % 4];",
        start(0, 32, 32)
    );
    for order in ORDERS {
        let found = run::<64>(&probe(SHARED, &body), &block(64, 32), order).unwrap();
        assert_eq!(found[..8], [15, 26, 37, 48, 55, 66, 77, 88]);
    }
}

#[test]
fn bulk_copies_that_no_device_would_take_are_found() {
    let wait = "wait_arrival(&arrival, 0);";
    let finds =
        |body: &str, says: &[&str]| assert_found(&probe(SHARED, body), &block(64, 32), says);
    finds(
        &format!("{}{wait}", start(1, 16, 16)),
        &["not both aligned to 16"],
    );
    finds(
        &format!("{}{wait}", start(0, 20, 20)),
        &["no whole chunks of 16"],
    );
    finds(
        &format!("{}{wait}", start(4, 32, 32)),
        &["copies 32 bytes to byte 16 of 32 bytes of dynamic shared memory"],
    );
    finds(
        &format!("{}{wait}", start(0, 32, 16)),
        &["waits for 16 bytes of bulk copies, of which 32 were started"],
    );
    finds(
        &format!("{}{wait}", start(0, 16, 32)),
        &["waits in wait_arrival", "for what never comes"],
    );
    finds(
        &format!("{}{wait} wait_arrival(&arrival, 1);", start(0, 16, 16)),
        &["waits in wait_arrival", "for what never comes"],
    );
    finds(
        &start(0, 16, 16),
        &["the block ended before its bulk copies arrived"],
    );
    finds(wait, &["a barrier of bulk copies that nobody has opened"]);
}
