//! Loops with the widest vectors that the processor has, although the program runs on any.

/// Loops that are compiled once for every processor and once for those with vectors of 32 bytes, all of which count the
/// bits of a word in one go. The compiler makes what it can of them, and results are the same: it fuses no
/// multiplications with additions by itself.
pub trait Loops {
    /// Runs them; only what is inlined here, and this itself, is compiled twice: `#[inline(always)]`.
    fn run(self);
}

/// Runs loops as fast as the processor can.
#[inline]
pub fn run(loops: impl Loops) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("popcnt")
    {
        // SAFETY: the processor has what it takes, as was found just now.
        return unsafe { with_avx2(loops) };
    }
    loops.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn with_avx2(loops: impl Loops) {
    loops.run();
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Halves<'v>(&'v mut [f32]);

    impl Loops for Halves<'_> {
        #[inline(always)]
        fn run(self) {
            self.0.iter_mut().for_each(|value| *value /= 2.0);
        }
    }

    #[test]
    fn loops_run_once() {
        let mut values: Vec<_> = (0..100).map(|i| i as f32).collect();
        run(Halves(&mut values));
        assert!((0..100).all(|i| values[i] == i as f32 / 2.0));
    }
}
