//! What do the CPU's variants make of a case, each for itself?

use robocache_core::Error;
use robocache_registry::operation::CaseOutputs;
use robocache_registry::{Case, CaseOutcome, DeviceCaps, DeviceId, VariantInfo};

/// What the reference makes of a case; every other variant that takes it must make the same.
///
/// # Panics
/// If one does not, or writes what is not its own.
pub fn everywhere(
    case: &dyn Case,
    reference: &str,
    infos: impl Iterator<Item = &'static VariantInfo>,
) -> Result<CaseOutputs, Error> {
    let expected = on(case, reference).expect("the reference takes everything");
    for info in infos {
        let id = info.id;
        if id == reference || info.runs_on(DeviceCaps::cpu()).is_err() {
            continue;
        }
        let same = match (on(case, id), &expected) {
            (None, _) => continue,
            (Some(Ok(found)), Ok(expected)) => case.same(&found, expected),
            (Some(Err(found)), Err(expected)) if found == *expected => Ok(()),
            (Some(found), expected) => Err(format!("{found:?}, expected {expected:?}")),
        };
        if let Err(what) = same {
            panic!("{id} differs from {reference}: {what}\n{}", case.describe());
        }
    }
    expected
}

/// What a variant makes of a case; `None` if it does not take it.
fn on(case: &dyn Case, id: &str) -> Option<Result<CaseOutputs, Error>> {
    match case.run(id, DeviceId::Cpu) {
        Ok(CaseOutcome::Outputs(outputs)) => Some(Ok(outputs)),
        Ok(CaseOutcome::Refused(_)) => None,
        // Inputs changed, guards overwritten, elements not written: none of it is the case's fault.
        Err(error @ Error::Memory { .. }) => panic!("{id}: {error}\n{}", case.describe()),
        Err(error) => Some(Err(error)),
    }
}
