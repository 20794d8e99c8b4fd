//! Which variant runs.
//!
//! In order: the variant that the call or `ROBOCACHE_FORCE_VARIANT` forces; what this thread chose for
//! such a problem before; what was measured for such problems on this device; what registry.toml says for
//! this model of device; else, of all variants that accept the problem, the one with the highest rank.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use robocache_core::{Error, Refusal, Refused, Result};

use crate::key::Features;
use crate::tune::{self, Effort, Entry, Mode, Timer, TunedDevice, mode, store};
use crate::{DeviceCaps, KeyText, ProblemKey, VariantInfo};

/// A variant as its operation describes it; the operation crate owns the type, and registers values
/// of it through `inventory`.
pub trait Descriptor: Sync + 'static {
    /// A problem without its pointers' values: shapes, strides, types, forms, alignment.
    type Problem;

    /// Lists the features of a problem by which variants compete.
    fn features<F: Features>(problem: &Self::Problem, into: F) -> F;

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
    /// What registry.toml knows of devices.
    devices: &'static [TunedDevice],
    /// Sorted by id, so that equal ranks resolve the same way in every build.
    variants: Vec<&'static D>,
}

impl<D: Descriptor> Dispatcher<D> {
    /// The table of an operation, with what registry.toml knows of devices.
    pub fn new(
        op: &'static str,
        variants: impl IntoIterator<Item = &'static D>,
        devices: &'static [TunedDevice],
    ) -> Self {
        let mut variants: Vec<_> = variants.into_iter().collect();
        variants.sort_by_key(|variant| variant.info().id);
        let op_hash = op.bytes().fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Dispatcher {
            op,
            op_hash,
            devices,
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
        let key = D::features(problem, ProblemKey::new());
        let hash = key.hash(self.op_hash, caps.number());
        if let Some(index) = remembered(hash, key)
            && let Some(&variant) = self.variants.get(index)
            && self.ask(variant, problem, caps).is_ok()
        {
            return Ok(variant);
        }
        let (index, settled) = self.best(problem, caps)?;
        if settled {
            remember(hash, key, index);
        }
        tracing::debug!(
            op = self.op,
            variant = self.variants[index].info().id,
            device = %caps,
            "chose a variant"
        );
        Ok(self.variants[index])
    }

    /// The variants that take a problem.
    pub fn candidates(&self, problem: &D::Problem, caps: &DeviceCaps) -> Vec<&'static D> {
        let accept = self
            .survey(problem, caps)
            .filter(|(_, answer)| answer.is_ok());
        accept.map(|(variant, _)| variant).collect()
    }

    /// The variant that runs where this user has measured nothing: registry.toml's for this model of
    /// device, else the one with the highest rank.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with every variant's reason.
    pub fn untuned(&self, problem: &D::Problem, caps: &DeviceCaps) -> Result<&'static D> {
        Ok(self.variants[self.by_default(problem, caps)?])
    }

    /// What was measured for such problems on this device, if it still holds.
    pub fn measured(&self, problem: &D::Problem, caps: &DeviceCaps) -> Option<Arc<Entry>> {
        let entry = store::load(self.op, &D::features(problem, KeyText::new()), caps)?;
        entry
            .holds(&self.candidate_infos(problem, caps))
            .then_some(entry)
    }

    /// Whether a call should [`tune`](Self::tune) first: the mode says so, and such problems have not
    /// been measured yet. Cheap where the mode does not.
    #[inline]
    pub fn wants_tuning(&self, problem: &D::Problem, caps: &DeviceCaps) -> bool {
        mode() >= Mode::OnMiss && environment().is_empty() && self.is_unmeasured(problem, caps)
    }

    #[cold]
    fn is_unmeasured(&self, problem: &D::Problem, caps: &DeviceCaps) -> bool {
        let key = D::features(problem, KeyText::new());
        if mode() == Mode::Exhaustive && !store::is_of_this_process(self.op, &key, caps) {
            return true;
        }
        let candidates = self.candidate_infos(problem, caps);
        let entry = store::load(self.op, &key, caps);
        candidates.len() > 1 && entry.is_none_or(|entry| !entry.is_complete(&candidates))
    }

    /// Races the variants that take a problem, keeps what was found, in this process and in the user's
    /// cache folder, and makes every thread forget its choices.
    ///
    /// One race runs at a time in a process, so that they do not disturb each other.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if no variant takes the problem; what the default variant reports when
    /// it runs.
    pub fn tune(
        &self,
        problem: &D::Problem,
        caps: &DeviceCaps,
        effort: Effort,
        timer: &mut dyn Timer,
    ) -> Result<Arc<Entry>> {
        static RACING: Mutex<()> = Mutex::new(());
        let _alone = RACING.lock().unwrap_or_else(PoisonError::into_inner);
        let default = self.untuned(problem, caps)?.info().id;
        let infos = self.candidate_infos(problem, caps);
        let ids: Vec<_> = infos.iter().map(|info| info.id).collect();
        let before = self.measured(problem, caps);
        let incumbent = before.and_then(|entry| ids.iter().copied().find(|&id| id == entry.choice));
        let outcome = tune::race::race(&ids, default, incumbent, effort, timer)?;
        let key = D::features(problem, KeyText::new());
        let entry = Entry::new(self.op, &key, caps, default, outcome, &infos);
        tracing::info!(op = self.op, %key, choice = entry.choice, default, "tuned");
        let entry = store::keep(entry, self.op, &key, caps);
        forget_choices();
        Ok(entry)
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

    fn candidate_infos(
        &self,
        problem: &D::Problem,
        caps: &DeviceCaps,
    ) -> Vec<&'static VariantInfo> {
        let candidates = self.candidates(problem, caps);
        candidates.iter().map(|variant| variant.info()).collect()
    }

    /// The variant to run, and whether that is settled: not while a measurement is still to come.
    #[cold]
    fn best(&self, problem: &D::Problem, caps: &DeviceCaps) -> Result<(usize, bool)> {
        let untuned = self.by_default(problem, caps)?;
        if mode() == Mode::Off {
            return Ok((untuned, true));
        }
        let found = self.measured(problem, caps).and_then(|entry| {
            let named = |variant: &&D| variant.info().id == entry.choice;
            self.variants.iter().position(named)
        });
        let settled = found.is_some() || !self.wants_tuning(problem, caps);
        Ok((found.unwrap_or(untuned), settled))
    }

    fn by_default(&self, problem: &D::Problem, caps: &DeviceCaps) -> Result<usize> {
        let mut refusals = Vec::new();
        let mut accepting = Vec::new();
        for (index, &variant) in self.variants.iter().enumerate() {
            match self.ask(variant, problem, caps) {
                Err(refusal) => refusals.push(Refused {
                    variant: variant.info().id,
                    refusal,
                }),
                Ok(()) => accepting.push((index, variant)),
            }
        }
        let named = || {
            let device = self.devices.iter().find(|d| d.name == caps.model())?;
            let key = D::features(problem, KeyText::new());
            let id = device.choice(self.op, key.as_str())?;
            accepting
                .iter()
                .find(|(_, variant)| variant.info().id == id)
        };
        // Of equal ranks the first by id, whatever the build.
        let ranked = || {
            let rank = |&&(_, variant): &&(usize, &D)| variant.rank(problem, caps);
            accepting.iter().rev().max_by_key(rank)
        };
        match (mode() != Mode::Off).then(named).flatten().or_else(ranked) {
            Some(&(index, _)) => Ok(index),
            None => Err(self.unsupported(caps, refusals)),
        }
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
mod tests;
