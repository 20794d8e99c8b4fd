//! Where does memory between two steps come from?
//!
//! Fresh memory is cleared, and if it is large each of its pages has to be brought in: that takes longer than what is
//! done with it. So it is kept for the next call.

use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

/// Bytes that are kept at most, of all calls together.
const MOST: usize = 64 << 20;

static KEPT: Mutex<Vec<Vec<u64>>> = Mutex::new(Vec::new());

/// Numbers that may be anything until they are written.
pub(crate) struct Scratch {
    all: Vec<u64>,
    len: usize,
}

impl Scratch {
    pub fn new(len: usize) -> Scratch {
        // Whoever finds the lock taken does without: in a forked child nobody might give it back.
        let kept = KEPT.try_lock().ok().and_then(|mut kept| {
            // The smallest that is enough; if there is none the largest gives way, so that there are never more than are
            // used at a time.
            let enough = (0..kept.len()).filter(|&i| kept[i].len() >= len);
            let smallest = enough.min_by_key(|&i| kept[i].len());
            let index = smallest.or((0..kept.len()).max_by_key(|&i| kept[i].len()))?;
            Some(kept.swap_remove(index))
        });
        let kept = kept.filter(|all| all.len() >= len);
        let all = kept.unwrap_or_else(|| vec![0; len]);
        Scratch { all, len }
    }
}

impl Deref for Scratch {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        &self.all[..self.len]
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [u64] {
        &mut self.all[..self.len]
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let Ok(mut kept) = KEPT.try_lock() else {
            return;
        };
        let bytes = kept.iter().map(|all| size_of_val(&all[..])).sum::<usize>();
        if bytes + size_of_val(&self.all[..]) <= MOST {
            kept.push(std::mem::take(&mut self.all));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_had_at_any_length_and_time() {
        for len in [0, 1, 1000, 10, 1 << 20, MOST / 8 + 1] {
            let [mut one, mut another] = [Scratch::new(len), Scratch::new(len)];
            one.fill(1);
            another.fill(2);
            assert!(one.len() == len && one.iter().all(|&number| number == 1));
        }
        let bytes = |kept: &Vec<Vec<u64>>| kept.iter().map(|all| 8 * all.len()).sum::<usize>();
        assert!(KEPT.try_lock().is_ok_and(|kept| bytes(&kept) <= MOST));
    }
}
