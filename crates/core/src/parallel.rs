//! CPU threads, safe to use in a forked child.
//!
//! Work is split in halves into some pieces for each thread: the calling one, which starts at once, and those of a
//! pool of RoboCache's own, one fewer, which have to wake up first. Whoever has done its own goes on with what the others
//! have not begun. The same thread begins with the same pieces in every call, and finds them in its cache.
//!
//! A pool's threads do not survive a `fork` (data loaders fork), and using it in the child would wait for ever: the
//! pool remembers the process that made it, and in any other process work runs on the calling thread.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

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
            // The calling thread is one of them. One more would only wake up to find nothing, on a core that is busy.
            let others = requested_threads().checked_sub(1).filter(|&n| n > 0)?;
            let threads = ThreadPoolBuilder::new()
                .num_threads(others)
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

/// How many threads work may be spread over, the calling one among them: `ROBOCACHE_NUM_THREADS`, or what the machine
/// offers. Starts none.
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
    1 + pool().map_or(0, ThreadPool::current_num_threads)
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
    let pool = match bytes < WORTH_SPLITTING {
        true => None,
        false => pool(),
    };
    let Some(pool) = pool else {
        return leaf(work);
    };
    let threads = 1 + pool.current_num_threads();
    let shares = Shares::new(pieces(work, threads * PIECES, halve), threads);
    pool.in_place_scope(|scope| {
        for thread in 1..threads {
            let (shares, leaf) = (&shares, &leaf);
            scope.spawn(move |_| shares.work(thread, leaf));
        }
        shares.work(0, &leaf);
        shares.wait();
    });
}

/// Pieces that work is split into for each thread, if it can be.
const PIECES: usize = 16;

/// Work in halves of halves, in order, until there are so many or none can be split.
fn pieces<W>(work: W, enough: usize, halve: impl Fn(W) -> Result<(W, W), W>) -> Vec<W> {
    let mut pieces = vec![work];
    loop {
        let before = pieces.len();
        if before >= enough {
            return pieces;
        }
        let mut halves = Vec::with_capacity(2 * before);
        for piece in pieces {
            match halve(piece) {
                Ok((low, high)) => halves.extend([low, high]),
                Err(small) => halves.push(small),
            }
        }
        pieces = halves;
        if pieces.len() == before {
            return pieces;
        }
    }
}

/// How long the calling thread looks whether the others are done, before it sleeps until they are: about as long as it
/// takes to be woken up.
const PATIENCE: Duration = Duration::from_micros(10);

/// Pieces with a range of them for each thread.
struct Shares<W> {
    /// How many threads have begun and not ended.
    at_work: AtomicUsize,
    pieces: Vec<Mutex<Option<W>>>,
    /// The next of each range that nobody has taken, and its end.
    ranges: Vec<(AtomicUsize, usize)>,
}

impl<W> Shares<W> {
    fn new(pieces: Vec<W>, threads: usize) -> Shares<W> {
        let begin = |thread: usize| thread * pieces.len() / threads;
        let range = |thread| (AtomicUsize::new(begin(thread)), begin(thread + 1));
        Shares {
            ranges: (0..threads).map(range).collect(),
            at_work: AtomicUsize::new(0),
            pieces: pieces.into_iter().map(Some).map(Mutex::new).collect(),
        }
    }

    /// Does a thread's pieces, then what is left of the others'.
    fn work(&self, thread: usize, leaf: &impl Fn(W)) {
        self.at_work.fetch_add(1, Ordering::Relaxed);
        let (before, from) = self.ranges.split_at(thread);
        for (next, end) in from.iter().chain(before) {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= *end {
                    break;
                }
                let mut piece = self.pieces[index]
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                if let Some(piece) = piece.take() {
                    leaf(piece);
                }
            }
        }
        self.at_work.fetch_sub(1, Ordering::Release);
    }

    /// Waits for the others, but not for long, nor for those that have not begun: they may need this core to do so.
    fn wait(&self) {
        let begun = Instant::now();
        while self.at_work.load(Ordering::Acquire) > 0 && begun.elapsed() < PATIENCE {
            std::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_piece_is_worked_on_once() {
        // Fewer than there may be pieces, too: those that cannot be split stay as they are.
        for (n, bytes) in [0, 1, 7, 20, 1000]
            .into_iter()
            .flat_map(|n| [(n, 0), (n, WORTH_SPLITTING)])
        {
            let sum = AtomicUsize::new(0);
            let halve = |r: std::ops::Range<usize>| {
                if r.len() <= 3 {
                    return Err(r);
                }
                let middle = r.start + r.len() / 2;
                Ok((r.start..middle, middle..r.end))
            };
            for_each(0..n, bytes, halve, |r| {
                sum.fetch_add(r.sum::<usize>(), Ordering::Relaxed);
            });
            assert_eq!(sum.into_inner(), (0..n).sum::<usize>(), "{n}");
        }
    }
}
