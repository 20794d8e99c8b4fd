//! What becomes of a piece of work when one of its driver calls fails, whichever it is?

use super::{Config, Stub};
use robocache_core::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An ordinary failure that many calls know, one that means nothing, and one after which the context
/// is taken for broken.
pub const CODES: [u32; 3] = [2, 999, 700];

/// Calls that only give something back. Nobody is there to be told when they fail, nor can more be done than to have
/// tried.
const GIVING_BACK: [&str; 4] = [
    "cuGraphDestroy",
    "cuGraphExecDestroy",
    "cuMemFreeAsync",
    "cuMemFree_v2",
];

/// Whether the `n`-th of some calls, from 1, gives something back, or makes a context current for that, or no longer.
pub fn gives_back(names: &[&str], n: usize) -> bool {
    let before = n.saturating_sub(2);
    names[before..names.len().min(n + 1)]
        .iter()
        .any(|name| GIVING_BACK.contains(name))
}

/// Makes each driver call of some work fail in turn, with each of some codes, on a stub of that kind installed anew:
/// there must be a typed error that names the call, and nothing may be left behind. `work` says how many calls came
/// before the end, when everything is given back. Returns the names of the calls, and every fault in words.
///
/// # Panics
/// If the work fails by itself or leaves something behind.
pub fn of_each_call(
    config: &Config,
    codes: &[u32],
    work: impl Fn(&Stub) -> Result<usize>,
) -> (Vec<&'static str>, Vec<String>) {
    let install = || {
        robocache_registry::dispatch::forget_choices();
        Stub::install(config.clone())
    };
    let stub = install();
    let working = work(&stub).expect("it works if nothing fails");
    stub.assert_clean();
    let names = stub.names();
    let mut faults = Vec::new();
    for &code in codes {
        for n in 1..=names.len() {
            let stub = install();
            stub.fail_call(n, code);
            let outcome = catch_unwind(AssertUnwindSafe(|| work(&stub)));
            let (call, before) = (names[n - 1], names[n.saturating_sub(2)]);
            let mut fault = |what: String| {
                faults.push(format!("call {n}, {call} (after {before}), {code}: {what}"));
            };
            match outcome {
                Err(_) => fault("a panic".into()),
                Ok(Ok(_)) if n > working || gives_back(&names, n) => {}
                Ok(Ok(_)) => fault("went unnoticed".into()),
                Ok(Err(Error::Driver {
                    call: named,
                    code: found,
                    ..
                })) if found == code && call.starts_with(named) => {}
                Ok(Err(other)) => fault(format!("{other:?}")),
            }
            stub.leaks()
                .into_iter()
                .for_each(|leak| fault(format!("leaks {leak}")));
            stub.violations().into_iter().for_each(&mut fault);
        }
    }
    (names, faults)
}
