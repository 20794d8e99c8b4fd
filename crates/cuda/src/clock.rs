//! Timing work on a device that is shorter than the host takes to enqueue it.
//!
//! Events around each run tell the device's own time. So that the device never waits for the host between
//! them, a batch of runs is enqueued behind fills that keep it busy meanwhile.

use crate::{DeviceBuffer, Event, Stream};
use robocache_core::Result;

/// Runs between two waits.
const BATCH: usize = 40;
/// Fills of the scratch memory before a batch: two milliseconds and more, in which a host enqueues a batch of runs of
/// several kernels each.
const FILLS: usize = 32;

/// A clock for one stream.
pub struct Clock {
    scratch: DeviceBuffer,
    events: Vec<(Event, Event)>,
}

/// What precedes each run, not timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nothing.
    Nothing,
    /// A fill of more memory than the second-level cache holds.
    Flush,
}

impl Clock {
    /// A clock for streams of that stream's device, with scratch memory of four times its second-level
    /// cache.
    ///
    /// # Errors
    /// [`Error::Driver`](robocache_core::Error::Driver).
    pub fn new(stream: &Stream) -> Result<Clock> {
        let context = stream.context();
        let bytes = (4 * context.cuda_caps().l2_bytes as usize).max(1 << 20);
        let pair = |_| Ok((Event::new(context)?, Event::new(context)?));
        Ok(Clock {
            scratch: DeviceBuffer::new(context, bytes)?,
            events: (0..BATCH).map(pair).collect::<Result<_>>()?,
        })
    }

    /// Device microseconds of each of `repeats` runs. `run` enqueues one, and is told its number.
    ///
    /// # Errors
    /// [`Error::Driver`](robocache_core::Error::Driver); what `run` reports.
    pub fn time(
        &mut self,
        stream: &Stream,
        repeats: usize,
        before: Before,
        mut run: impl FnMut(usize) -> Result<()>,
    ) -> Result<Vec<f64>> {
        let mut micros = Vec::with_capacity(repeats);
        while micros.len() < repeats {
            let batch = (repeats - micros.len()).min(BATCH);
            for _ in 0..FILLS {
                self.scratch.fill(stream, 1)?;
            }
            for (start, end) in &self.events[..batch] {
                if before == Before::Flush {
                    self.scratch.fill(stream, 2)?;
                }
                start.record(stream)?;
                run(micros.len())?;
                end.record(stream)?;
                micros.push(0.0);
            }
            stream.synchronize()?;
            let done = micros.len() - batch;
            for ((start, end), slot) in self.events.iter().zip(&mut micros[done..]) {
                *slot = end.micros_since(start)?;
            }
        }
        Ok(micros)
    }
}
