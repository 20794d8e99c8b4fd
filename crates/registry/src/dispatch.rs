//! Which variant runs.
//!
//! In order: the variant that the call or `ROBOCACHE_FORCE_VARIANT` forces; what this thread chose for
//! such a problem before; else, of all variants that accept the problem, the one with the highest rank.
//! A measurement will outrank the ranks where there is one: it belongs into `Dispatcher::best`,
//! before them.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use robocache_core::{Error, Refusal, Refused, Result};

use crate::{DeviceCaps, ProblemKey, VariantInfo};

/// A variant as its operation describes it; the operation crate owns the type, and registers values
/// of it through `inventory`.
pub trait Descriptor: Sync + 'static {
    /// A problem without its pointers' values: shapes, strides, types, forms, alignment.
    type Problem;

    /// The constants from registry.toml.
    fn info(&self) -> &'static VariantInfo;

    /// Whether the variant takes this problem on this device. Asked before every launch, so it must
    /// be cheap where it says yes.
    ///
    /// # Errors
    /// The reason, for a person who wonders why another variant ran.
    fn supports(&self, problem: &Self::Problem, caps: &DeviceCaps) -> Result<(), Refusal>;

    /// How well this variant is expected to do, where nothing was measured; the highest wins.
    fn rank(&self, problem: &Self::Problem, caps: &DeviceCaps) -> u32;
}

/// All variants of one operation, and the choice between them.
pub struct Dispatcher<D: Descriptor> {
    op: &'static str,
    op_hash: u64,
    /// Sorted by id, so that equal ranks resolve the same way in every build.
    variants: Vec<&'static D>,
}

impl<D: Descriptor> Dispatcher<D> {
    /// The table of an operation.
    pub fn new(op: &'static str, variants: impl IntoIterator<Item = &'static D>) -> Self {
        let mut variants: Vec<_> = variants.into_iter().collect();
        variants.sort_by_key(|variant| variant.info().id);
        let op_hash = op.bytes().fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Dispatcher {
            op,
            op_hash,
            variants,
        }
    }

    /// Every variant, sorted by id.
    pub fn variants(&self) -> &[&'static D] {
        &self.variants
    }

    /// The variant with that id.
    ///
    /// # Errors
    /// [`Error::Range`] if the operation has none of that name.
    pub fn by_id(&self, id: &str) -> Result<&'static D> {
        self.variants
            .iter()
            .copied()
            .find(|v| v.info().id == id)
            .ok_or_else(|| Error::Range {
                argument: "variant",
                found: format!("{id:?}"),
                expected: "the id of a variant of this operation (see `robocache kernels list`)",
            })
    }

    /// The variant that runs a problem.
    ///
    /// `forced` is the caller's wish; it wins over `ROBOCACHE_FORCE_VARIANT`, which in turn applies
    /// only on the kind of device that the named variant is for.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with every variant's reason if none takes the problem, or with the
    /// forced one's if that does not.
    #[inline]
    pub fn choose(
        &self,
        problem: &D::Problem,
        key: ProblemKey,
        caps: &DeviceCaps,
        forced: Option<&str>,
    ) -> Result<&'static D> {
        if (forced.is_some() || !environment().is_empty())
            && let Some(variant) = self.forced(caps, forced)?
        {
            return self
                .ask(variant, problem, caps)
                .map(|()| variant)
                .map_err(|refusal| {
                    self.unsupported(
                        caps,
                        vec![Refused {
                            variant: variant.info().id,
                            refusal,
                        }],
                    )
                });
        }
        let hash = key.hash(self.op_hash, caps.number());
        if let Some(index) = remembered(hash, key)
            && let Some(&variant) = self.variants.get(index)
            && self.ask(variant, problem, caps).is_ok()
        {
            return Ok(variant);
        }
        let index = self.best(problem, caps)?;
        remember(hash, key, index);
        tracing::debug!(
            op = self.op,
            variant = self.variants[index].info().id,
            device = %caps,
            "chose a variant"
        );
        Ok(self.variants[index])
    }

    /// Every variant with its refusal, if it has one.
    pub fn survey<'s>(
        &'s self,
        problem: &'s D::Problem,
        caps: &'s DeviceCaps,
    ) -> impl Iterator<Item = (&'static D, Result<(), Refusal>)> + 's {
        self.variants
            .iter()
            .map(|&variant| (variant, self.ask(variant, problem, caps)))
    }

    fn best(&self, problem: &D::Problem, caps: &DeviceCaps) -> Result<usize> {
        let mut refusals = Vec::new();
        let mut best: Option<(u32, usize)> = None;
        for (index, &variant) in self.variants.iter().enumerate() {
            match self.ask(variant, problem, caps) {
                Err(refusal) => refusals.push(Refused {
                    variant: variant.info().id,
                    refusal,
                }),
                Ok(()) => {
                    let rank = variant.rank(problem, caps);
                    if best.is_none_or(|(highest, _)| rank > highest) {
                        best = Some((rank, index));
                    }
                }
            }
        }
        best.map(|(_, index)| index)
            .ok_or_else(|| self.unsupported(caps, refusals))
    }

    #[inline]
    fn ask(&self, variant: &D, problem: &D::Problem, caps: &DeviceCaps) -> Result<(), Refusal> {
        variant.info().runs_on(caps)?;
        variant.supports(problem, caps)
    }

    #[cold]
    fn forced(&self, caps: &DeviceCaps, forced: Option<&str>) -> Result<Option<&'static D>> {
        if let Some(id) = forced {
            return self.by_id(id).map(Some);
        }
        let Some((_, id)) = environment().iter().find(|(op, _)| op == self.op) else {
            return Ok(None);
        };
        let variant = self.by_id(id)?;
        Ok(variant.info().runs_on(caps).is_ok().then_some(variant))
    }

    #[cold]
    fn unsupported(&self, caps: &DeviceCaps, refusals: Vec<Refused>) -> Error {
        Error::Unsupported {
            op: self.op,
            device: caps.to_string(),
            refusals,
        }
    }
}

/// `ROBOCACHE_FORCE_VARIANT`: pairs `operation=id`, separated by commas; read once.
fn environment() -> &'static [(String, String)] {
    static FORCED: OnceLock<Vec<(String, String)>> = OnceLock::new();
    FORCED.get_or_init(|| {
        let text = std::env::var("ROBOCACHE_FORCE_VARIANT").unwrap_or_default();
        let pairs = text.split(',').filter(|part| !part.trim().is_empty());
        pairs
            .filter_map(|pair| match pair.split_once('=') {
                Some((op, id)) => Some((op.trim().to_owned(), id.trim().to_owned())),
                None => {
                    tracing::warn!("ROBOCACHE_FORCE_VARIANT: {pair:?} is not of the form op=id");
                    None
                }
            })
            .collect()
    })
}

const SLOTS: usize = 64;

#[derive(Clone, Copy)]
struct Slot {
    epoch: u64,
    hash: u64,
    key: ProblemKey,
    index: usize,
}

static EPOCH: AtomicU64 = AtomicU64::new(1);

thread_local! {
    static CHOICES: RefCell<[Slot; SLOTS]> = const {
        RefCell::new([Slot { epoch: 0, hash: 0, key: ProblemKey::new(), index: 0 }; SLOTS])
    };
}

/// Makes every thread forget its choices, because something better is known now.
pub fn forget_choices() {
    EPOCH.fetch_add(1, Ordering::Release);
}

#[inline]
fn remembered(hash: u64, key: ProblemKey) -> Option<usize> {
    let epoch = EPOCH.load(Ordering::Acquire);
    CHOICES
        .try_with(|choices| {
            let slot = choices.borrow()[hash as usize % SLOTS];
            (slot.epoch == epoch && slot.hash == hash && slot.key == key).then_some(slot.index)
        })
        .ok()
        .flatten()
}

fn remember(hash: u64, key: ProblemKey, index: usize) {
    let epoch = EPOCH.load(Ordering::Acquire);
    // A thread that is being torn down has no table any more, and needs none.
    let _ = CHOICES.try_with(|choices| {
        choices.borrow_mut()[hash as usize % SLOTS] = Slot {
            epoch,
            hash,
            key,
            index,
        };
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Budget, CpuLevel, Target};
    use robocache_core::DType;
    use std::sync::atomic::AtomicU32;

    struct Toy {
        info: VariantInfo,
        limit: usize,
        rank: AtomicU32,
    }

    const fn info(id: &'static str, target: Target) -> VariantInfo {
        VariantInfo {
            id,
            op: "toy",
            summary: "",
            target,
            dtypes: &[DType::F32],
            source: None,
            entries: &[],
            budget: Budget {
                registers: 0,
                shared_bytes: 0,
                spill_bytes: 0,
            },
        }
    }

    static SMALL: Toy = Toy {
        info: info("toy.small.cpu", Target::Cpu(CpuLevel::Scalar)),
        limit: 10,
        rank: AtomicU32::new(5),
    };
    static LARGE: Toy = Toy {
        info: info("toy.large.cpu", Target::Cpu(CpuLevel::Scalar)),
        limit: 1000,
        rank: AtomicU32::new(3),
    };
    /// Only for the test that changes a rank, as tests run side by side.
    static SWING: Toy = Toy {
        info: info("toy.swing.cpu", Target::Cpu(CpuLevel::Scalar)),
        limit: 1000,
        rank: AtomicU32::new(3),
    };
    static GPU: Toy = Toy {
        info: info("toy.gpu.sm80", Target::Cuda { min: 80, max: None }),
        limit: 1000,
        rank: AtomicU32::new(9),
    };

    impl Descriptor for Toy {
        type Problem = usize;
        fn info(&self) -> &'static VariantInfo {
            // The tests' variants are statics.
            [&SMALL, &LARGE, &SWING, &GPU]
                .into_iter()
                .find(|v| v.info.id == self.info.id)
                .map(|v| &v.info)
                .unwrap()
        }
        fn supports(&self, problem: &usize, _: &DeviceCaps) -> Result<(), Refusal> {
            if *problem > self.limit {
                return Err(Refusal::with(format!("takes up to {}", self.limit)));
            }
            Ok(())
        }
        fn rank(&self, _: &usize, _: &DeviceCaps) -> u32 {
            self.rank.load(Ordering::Relaxed)
        }
    }

    fn dispatcher() -> Dispatcher<Toy> {
        Dispatcher::new("toy", [&SMALL, &LARGE, &GPU])
    }

    fn key(problem: usize) -> ProblemKey {
        ProblemKey::new().with_size(problem)
    }

    #[test]
    fn the_highest_rank_of_those_that_accept_wins_and_refusals_are_kept() {
        let d = dispatcher();
        let cpu = DeviceCaps::cpu();
        assert_eq!(
            d.choose(&9, key(9), cpu, None).unwrap().info.id,
            "toy.small.cpu"
        );
        // 11 has the key of 9, which this thread remembers: it must be asked again all the same.
        assert_eq!(key(11), key(9));
        assert_eq!(
            d.choose(&11, key(11), cpu, None).unwrap().info.id,
            "toy.large.cpu"
        );
        let Err(Error::Unsupported { refusals, .. }) = d.choose(&2000, key(2000), cpu, None) else {
            panic!("accepted by none, yet chosen");
        };
        assert_eq!(refusals.len(), 3);
        assert!(
            refusals
                .iter()
                .any(|r| r.refusal.0.contains("takes up to 10"))
        );
    }

    #[test]
    fn a_forced_variant_runs_or_says_why_not() {
        let d = dispatcher();
        let cpu = DeviceCaps::cpu();
        let chosen = d.choose(&9, key(9), cpu, Some("toy.large.cpu")).unwrap();
        assert_eq!(chosen.info.id, "toy.large.cpu");
        let refused = d.choose(&11, key(11), cpu, Some("toy.small.cpu"));
        assert!(matches!(refused, Err(Error::Unsupported { .. })));
        assert!(matches!(
            d.choose(&9, key(9), cpu, Some("toy.none")),
            Err(Error::Range { .. })
        ));
        assert!(matches!(
            d.choose(&9, key(9), cpu, Some("toy.gpu.sm80")),
            Err(Error::Unsupported { .. })
        ));
    }

    #[test]
    fn choices_are_remembered_until_told_to_forget() {
        let d = Dispatcher::new("swing", [&SMALL, &SWING]);
        let best = || {
            d.choose(&7, key(7), DeviceCaps::cpu(), None)
                .unwrap()
                .info
                .id
        };
        assert_eq!(best(), "toy.small.cpu");
        SWING.rank.store(7, Ordering::Relaxed);
        assert_eq!(best(), "toy.small.cpu");
        forget_choices();
        assert_eq!(best(), "toy.swing.cpu");
    }
}
