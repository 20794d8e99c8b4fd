//! This operation in the operation table.

use crate::dispatcher;
use robocache_registry::{OpEntry, inventory};

inventory::submit! {
    OpEntry {
        name: "trajectory",
        summary: "resample: samples with their times onto other times",
        variants: || dispatcher().variants().iter().map(|variant| variant.info).collect(),
        self_test: crate::self_test::run,
        workloads: &crate::workload::WORKLOADS,
        #[cfg(feature = "testing")]
        generate_case: Some(crate::testing::generate),
        #[cfg(not(feature = "testing"))]
        generate_case: None,
    }
}
