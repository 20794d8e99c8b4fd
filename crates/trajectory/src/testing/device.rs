//! A trial on a CUDA device: its buffers, zones and all, copied there and back.

use super::run::{Buffers, addresses, request};
use super::trial::Trial;
use crate::{Extrapolation, enqueue};
use robocache_core::{Error, Result};
use robocache_cuda::{Context, StatusWord, Stream};
use robocache_registry::operation::CaseOutputs;
use robocache_testkit::emulate;
use robocache_testkit::guard::DeviceGuarded;
use std::sync::Arc;

pub(super) fn on_device(trial: &Trial, variant: &'static str, ordinal: u32) -> Result<CaseOutputs> {
    in_context(trial, variant, &emulate::context(ordinal)?)
}

fn in_context(trial: &Trial, variant: &'static str, context: &Arc<Context>) -> Result<CaseOutputs> {
    let stream = Stream::new(context)?;
    let before = Buffers::new(trial);
    let upload = |buffer| DeviceGuarded::upload(&stream, buffer);
    let data = upload(&before.data)?;
    let rows = upload(&before.rows)?;
    let source = upload(&before.source)?;
    let target = upload(&before.target)?;
    let out = upload(&before.out)?;
    let mask = upload(&before.mask)?;
    let age = upload(&before.age)?;
    let at = addresses(trial, context.place(), |name, byte| match name {
        "data" => data.address(byte),
        "rows" => rows.address(byte),
        "source_times" => source.address(byte),
        "target_times" => target.address(byte),
        "out" => out.address(byte),
        "mask" => mask.address(byte),
        _ => age.address(byte),
    });
    let told = trial.options.check || trial.options.extrapolation == Extrapolation::Error;
    let status = match told {
        true => Some(StatusWord::new(&stream)?),
        false => None,
    };
    // SAFETY: the buffers were made for this trial, are used by nobody else, and live until the stream
    // was waited for below.
    let request = unsafe { request(trial, &at, variant)? };
    let done = enqueue(request, &stream, status.as_ref());
    stream.synchronize()?;
    done?;
    let after = Buffers {
        data: data.download(&stream)?,
        rows: rows.download(&stream)?,
        source: source.download(&stream)?,
        target: target.download(&stream)?,
        out: out.download(&stream)?,
        mask: mask.download(&stream)?,
        age: age.download(&stream)?,
    };
    for ((argument, now), (_, then)) in after.inputs().into_iter().zip(before.inputs()) {
        now.unchanged(then)
            .map_err(|damage| Error::memory(argument, damage.to_string()))?;
    }
    let told = trial.told(status.map_or(Ok(()), |status| status.read(&stream)))?;
    after.outputs(trial, told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::draw;
    use robocache_testkit::stub::{Config, Device, Stub};

    /// Kernels do not run there, so only a trial without elements can end well; but all memory goes
    /// there and back.
    #[test]
    fn the_buffers_of_a_trial_travel() {
        let stub = Stub::install(Config::new([Device::H200]));
        let mut ended = 0;
        {
            let driver = stub.driver().unwrap();
            let context = driver.context(0).unwrap();
            for trial in (0..1000).map(draw::trial) {
                let per_target = trial.mask.is_some() || trial.age.is_some();
                let fails = trial.options.extrapolation == Extrapolation::Error;
                let [batch, targets, columns] = trial.shape();
                if batch * targets == 0 || (columns == 0 && !per_target && !fails) {
                    let outputs = in_context(&trial, "trajectory.generic.sm80", &context);
                    let sizes: Vec<_> = outputs.unwrap().iter().map(Vec::len).collect();
                    assert_eq!(sizes, [0; 4]);
                    ended += 1;
                }
            }
        }
        assert!(ended > 10, "{ended}");
        assert!(stub.names().contains(&"cuMemcpyHtoDAsync_v2"));
        stub.assert_clean();
    }

    #[test]
    fn a_failed_call_is_reported() {
        let stub = Stub::install(Config::new([Device::H200]));
        let driver = stub.driver().unwrap();
        let context = driver.context(0).unwrap();
        stub.fail_call(2, 2);
        let error = in_context(&draw::trial(3), "trajectory.generic.sm80", &context);
        assert!(matches!(error, Err(Error::Driver { .. })), "{error:?}");
    }
}
