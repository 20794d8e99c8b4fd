use super::*;
use crate::tune::TunedChoice;
use crate::tune::store::tests::caps;
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
        instructions: &[],
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
static OTHER_GPU: Toy = Toy {
    info: info("toy.other.sm80", Target::Cuda { min: 80, max: None }),
    limit: 10,
    rank: AtomicU32::new(2),
};

static DEVICES: [TunedDevice; 2] = [
    TunedDevice {
        name: "Tuned GPU",
        measured: Some("in a test"),
        choices: &[
            TunedChoice {
                op: "toy",
                key: "size=8..",
                variant: "toy.other.sm80",
            },
            TunedChoice {
                op: "toy",
                key: "size=4..",
                variant: "toy.gone.sm80",
            },
            TunedChoice {
                op: "another",
                key: "size=2..",
                variant: "toy.other.sm80",
            },
        ],
    },
    TunedDevice {
        name: "Unmeasured GPU",
        measured: None,
        choices: &[],
    },
];

impl Descriptor for Toy {
    type Problem = usize;
    fn features<F: Features>(problem: &usize, into: F) -> F {
        into.with_size("size", *problem)
    }
    fn info(&self) -> &'static VariantInfo {
        // The tests' variants are statics.
        [&SMALL, &LARGE, &SWING, &GPU, &OTHER_GPU]
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
    Dispatcher::new("toy", [&SMALL, &LARGE, &GPU, &OTHER_GPU], &DEVICES)
}

fn id(chosen: Result<&'static Toy>) -> &'static str {
    chosen.unwrap().info.id
}

#[test]
fn the_highest_rank_of_those_that_accept_wins_and_refusals_are_kept() {
    let d = dispatcher();
    let cpu = DeviceCaps::cpu();
    assert_eq!(id(d.choose(&9, cpu, None)), "toy.small.cpu");
    // 11 has the key of 9, which this thread remembers: it must be asked again all the same.
    let key = |size| Toy::features(&size, ProblemKey::new());
    assert_eq!(key(11), key(9));
    assert_eq!(id(d.choose(&11, cpu, None)), "toy.large.cpu");
    let Err(Error::Unsupported { refusals, .. }) = d.choose(&2000, cpu, None) else {
        panic!("accepted by none, yet chosen");
    };
    assert_eq!(refusals.len(), 4);
    let told = |r: &Refused| r.refusal.0.contains("takes up to 10");
    assert!(refusals.iter().any(told));
}

#[test]
fn a_forced_variant_runs_or_says_why_not() {
    let d = dispatcher();
    let cpu = DeviceCaps::cpu();
    let forced = |size, id| d.choose(&size, cpu, Some(id));
    assert_eq!(id(forced(9, "toy.large.cpu")), "toy.large.cpu");
    for (size, id) in [(11, "toy.small.cpu"), (9, "toy.gpu.sm80")] {
        let refused = forced(size, id);
        assert!(matches!(refused, Err(Error::Unsupported { .. })));
    }
    assert!(matches!(forced(9, "toy.none"), Err(Error::Range { .. })));
}

#[test]
fn choices_are_remembered_until_told_to_forget() {
    let d = Dispatcher::new("swing", [&SMALL, &SWING], &[]);
    let best = || id(d.choose(&7, DeviceCaps::cpu(), None));
    assert_eq!(best(), "toy.small.cpu");
    SWING.rank.store(7, Ordering::Relaxed);
    assert_eq!(best(), "toy.small.cpu");
    forget_choices();
    assert_eq!(best(), "toy.swing.cpu");
}

#[test]
fn the_table_of_devices_outranks_the_ranks_where_it_fits() {
    let d = dispatcher();
    let tuned = caps("Tuned GPU");
    let on = |caps: &DeviceCaps, size: usize| {
        forget_choices(); // All of these devices are number 0.
        id(d.choose(&size, caps, None))
    };
    assert_eq!(on(&tuned, 9), "toy.other.sm80");
    assert_eq!(on(&tuned, 11), "toy.gpu.sm80", "it refuses that one");
    assert_eq!(on(&tuned, 4), "toy.gpu.sm80", "there is no such variant");
    assert_eq!(on(&tuned, 2), "toy.gpu.sm80", "of another operation");
    assert_eq!(on(&caps("Unmeasured GPU"), 9), "toy.gpu.sm80");
    assert_eq!(on(&caps("Unknown GPU"), 9), "toy.gpu.sm80");
}

/// Everything that changes what the whole process knows: the cache folder, the mode.
#[test]
fn what_was_measured_outranks_all_until_the_mode_or_a_change_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let d = Dispatcher::new("measured", [&SMALL, &LARGE], &DEVICES);
    let cpu = DeviceCaps::cpu();
    let chosen = || id(d.choose(&9, cpu, None));
    let mut timer = |id: &'static str| Ok(if id == "toy.large.cpu" { 1.0 } else { 2.0 });
    crate::user_cache::tests::with_folder(folder.path(), || {
        assert_eq!(chosen(), "toy.small.cpu");
        assert!(!d.wants_tuning(&9, cpu), "nobody asked for it");
        let entry = d.tune(&9, cpu, Effort::QUICK, &mut timer).unwrap();
        assert_eq!(
            (&*entry.choice, &*entry.default),
            ("toy.large.cpu", "toy.small.cpu")
        );
        assert_eq!(chosen(), "toy.large.cpu");
        // 9 and 15 are alike; 16 is not.
        assert_eq!(id(d.choose(&10, cpu, None)), "toy.large.cpu");
        assert!(d.measured(&16, cpu).is_none());

        // Another process finds it in the folder, and uses it only if it is allowed to.
        store::forget_everything();
        forget_choices();
        assert_eq!(chosen(), "toy.large.cpu");
        tune::set_mode(Mode::Off);
        assert_eq!(chosen(), "toy.small.cpu");
        tune::set_mode(Mode::OnMiss);
        assert_eq!(chosen(), "toy.large.cpu");
        assert!(!d.wants_tuning(&9, cpu), "it is known");
        assert!(d.wants_tuning(&2, cpu), "it is not known");
        assert!(!d.wants_tuning(&100, cpu), "there is no choice");
        tune::set_mode(Mode::Exhaustive);
        assert!(d.wants_tuning(&9, cpu), "it is from before");
        d.tune(&9, cpu, Effort::QUICK, &mut timer).unwrap();
        assert!(!d.wants_tuning(&9, cpu), "it is of this process");
        tune::set_mode(Mode::CachedOnly);

        // A file that is damaged is as good as none.
        store::forget_everything();
        forget_choices();
        let key = Toy::features(&9, KeyText::new());
        let path = store::file(folder.path(), "measured", &key, cpu);
        std::fs::write(&path, "damaged").unwrap();
        assert_eq!(chosen(), "toy.small.cpu");
    });
}
