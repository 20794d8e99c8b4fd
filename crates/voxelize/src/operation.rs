//! This operation in the operation table.

use crate::dispatcher;
use robocache_registry::{OpEntry, inventory};

inventory::submit! {
    OpEntry {
        name: "voxelize",
        summary: "voxelize: point clouds into the cells of a grid, dense or sparse",
        variants: || dispatcher().variants().iter().map(|variant| variant.info).collect(),
        self_test: crate::self_test::run,
        workloads: &crate::workload::WORKLOADS,
        #[cfg(feature = "testing")]
        generate_case: Some(crate::testing::generate),
        #[cfg(not(feature = "testing"))]
        generate_case: None,
    }
}
