//! Which faults are planted, to see that they are caught?
//!
//! Each is a real one: memory is allocated, touched and never freed, the probe takes longer, a bit of an
//! output is wrong. The judgement does not know of them.

use clap::ValueEnum;
use robocache::registry::operation::CaseOutputs;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// A fault to plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plant {
    /// Memory that is never freed, 12 MB a second
    Leak,
    /// A probe that takes 10 % longer with every second
    Drift,
    /// One wrong bit in every twentieth output
    Wrong,
}

const LEAK_PER_SECOND: f64 = 12e6;
const DRIFT_PER_SECOND: f64 = 0.10;
const WRONG_ONCE_IN: u64 = 20;

impl Plant {
    /// Leaks what a span of time asks for.
    pub fn leak(self, span: Duration) {
        if self == Plant::Leak {
            let bytes = (LEAK_PER_SECOND * span.as_secs_f64()) as usize;
            // Written to, so that it is resident.
            let block: Vec<u8> = (0..bytes).map(|i| (i / 4096) as u8).collect();
            std::mem::forget(std::hint::black_box(block));
        }
    }

    /// Takes up the time by which a probe of `usual` duration has grown `after` the run's start.
    pub fn drift(self, usual: Duration, after: Duration) {
        if self == Plant::Drift {
            let wait = usual.mul_f64(DRIFT_PER_SECOND * after.as_secs_f64());
            let begun = Instant::now();
            while begun.elapsed() < wait {
                std::hint::spin_loop();
            }
        }
    }

    /// Flips the highest bit of an element in the middle, now and then.
    pub fn wrong(self, draw: u64, outputs: &mut CaseOutputs) {
        if self == Plant::Wrong
            && draw.is_multiple_of(WRONG_ONCE_IN)
            && let Some(output) = outputs.iter_mut().find(|output| !output.is_empty())
        {
            let middle = (output.len() / 2) | 7;
            let at = middle.min(output.len() - 1);
            output[at] ^= 0x40;
        }
    }
}
