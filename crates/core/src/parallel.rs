//! CPU threads, safe to use in a forked child.
//!
//! Work is split in halves, as rayon's `join` does, on a pool of RoboCache's own. A pool's threads do
//! not survive a `fork` (data loaders fork), and using it in the child would wait for ever: the pool
//! remembers the process that made it, and in any other process work runs on the calling thread.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::OnceLock;

struct Pool {
    threads: ThreadPool,
    process: u32,
}

static POOL: OnceLock<Option<Pool>> = OnceLock::new();

/// Below this many bytes of memory traffic, waking threads costs more than it gains.
pub const WORTH_SPLITTING: usize = 256 * 1024;

fn pool() -> Option<&'static ThreadPool> {
    let pool = POOL
        .get_or_init(|| {
            let threads = ThreadPoolBuilder::new()
                .num_threads(requested_threads())
                .thread_name(|index| format!("robocache-{index}"))
                .build()
                .ok()?;
            Some(Pool {
                threads,
                process: std::process::id(),
            })
        })
        .as_ref()?;
    (pool.process == std::process::id()).then_some(&pool.threads)
}

/// How many threads the pool has or will have: `ROBOCACHE_NUM_THREADS`, or what the machine offers.
/// Starts none.
pub fn requested_threads() -> usize {
    let wanted = std::env::var("ROBOCACHE_NUM_THREADS")
        .ok()
        .and_then(|value| value.parse().ok());
    let available = || std::thread::available_parallelism().map_or(1, |n| n.get());
    wanted.filter(|&n: &usize| n > 0).unwrap_or_else(available)
}

/// How many threads work is spread over: [`requested_threads`]; one in a forked child whose parent had
/// used the pool.
pub fn threads() -> usize {
    pool().map_or(1, ThreadPool::current_num_threads)
}

/// Runs `leaf` over pieces of `work`.
///
/// `halve` splits a piece in two or gives it back when it is small enough; `bytes` is the memory
/// traffic of all of it, below [`WORTH_SPLITTING`] of which nothing is split at all.
pub fn for_each<W, H, L>(work: W, bytes: usize, halve: H, leaf: L)
where
    W: Send,
    H: Fn(W) -> Result<(W, W), W> + Sync,
    L: Fn(W) + Sync,
{
    let pool = if bytes < WORTH_SPLITTING {
        None
    } else {
        pool()
    };
    match pool {
        Some(pool) if pool.current_num_threads() > 1 => {
            pool.install(|| recurse(work, &halve, &leaf));
        }
        _ => leaf(work),
    }
}

fn recurse<W, H, L>(work: W, halve: &H, leaf: &L)
where
    W: Send,
    H: Fn(W) -> Result<(W, W), W> + Sync,
    L: Fn(W) + Sync,
{
    match halve(work) {
        Err(small) => leaf(small),
        Ok((low, high)) => {
            rayon::join(|| recurse(low, halve, leaf), || recurse(high, halve, leaf));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_piece_is_worked_on_once() {
        for bytes in [0, WORTH_SPLITTING] {
            let sum = AtomicUsize::new(0);
            let halve = |r: std::ops::Range<usize>| {
                if r.len() <= 3 {
                    return Err(r);
                }
                let middle = r.start + r.len() / 2;
                Ok((r.start..middle, middle..r.end))
            };
            for_each(0..1000, bytes, halve, |r| {
                sum.fetch_add(r.sum::<usize>(), Ordering::Relaxed);
            });
            assert_eq!(sum.into_inner(), 499_500);
        }
    }
}
