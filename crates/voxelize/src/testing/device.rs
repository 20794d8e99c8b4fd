//! A trial on a CUDA device: its buffers, zones and all, copied there and back.
#![allow(unsafe_code)] // Addresses become views here.

use super::run::{Buffers, Call, addresses, call};
use super::trial::Trial;
use crate::{Dense, Output, Plan, Sparse, Voxelization, enqueue};
use robocache_core::Result;
use robocache_cuda::{Context, DeviceBuffer, Stream, Workspace};
use robocache_registry::operation::CaseOutputs;
use robocache_testkit::emulate;
use robocache_testkit::guard::{DeviceGuarded, Guarded};
use std::sync::Arc;

pub(super) fn on_device(trial: &Trial, variant: &'static str, ordinal: u32) -> Result<CaseOutputs> {
    in_context(trial, variant, &emulate::context(ordinal)?)
}

/// Enqueues on a stream, half of all trials with a workspace of the caller's, which holds anything at first.
struct On<'s> {
    stream: &'s Arc<Stream>,
    own_workspace: bool,
}

impl On<'_> {
    fn enqueue<'a>(self, mut request: impl Voxelization<'a>) -> Result<()> {
        if !self.own_workspace {
            return enqueue(request, self.stream);
        }
        let plan = Plan::new_cuda(&mut request, self.stream.context())?;
        let mut memory = DeviceBuffer::new(self.stream.context(), plan.workspace_bytes())?;
        memory.fill(self.stream, 0xa5)?;
        plan.launch(request, Workspace::from(&mut memory), self.stream)?;
        self.stream.synchronize()
    }
}

impl Call for On<'_> {
    fn dense(self, request: Dense<'_>) -> Result<()> {
        self.enqueue(request)
    }

    fn sparse(self, request: Sparse<'_>) -> Result<()> {
        self.enqueue(request)
    }
}

fn in_context(trial: &Trial, variant: &'static str, context: &Arc<Context>) -> Result<CaseOutputs> {
    let stream = Arc::new(Stream::new(context)?);
    let before = Buffers::new(trial);
    let upload = |buffer: &Guarded| DeviceGuarded::upload(&stream, buffer);
    let inputs = before.inputs().map(|(_, buffer)| upload(buffer));
    let [points, features, offsets] = inputs;
    let inputs = [points?, features?, offsets?];
    let outputs = before
        .outputs
        .iter()
        .map(upload)
        .collect::<Result<Vec<_>>>()?;
    let at = addresses(
        trial,
        context.place(),
        |input, byte| inputs[input].address(byte),
        |output: Output, byte| outputs[output as usize].address(byte),
    );
    let on = On {
        stream: &stream,
        own_workspace: trial.count().is_multiple_of(2),
    };
    // SAFETY: the buffers were made for this trial, are used by nobody else, and live until the stream was waited for
    // below.
    let done = unsafe { call(trial, &at, trial.options.forced(variant), on) };
    stream.synchronize()?;
    done?;
    let [points, features, offsets] = inputs.map(|buffer| buffer.download(&stream));
    let mut after = Buffers::new(trial);
    (after.points, after.features, after.offsets) = (points?, features?, offsets?);
    for (into, from) in after.outputs.iter_mut().zip(&outputs) {
        *into = from.download(&stream)?;
    }
    after.outputs(trial, &before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::draw;
    use robocache_core::Error;
    use robocache_testkit::stub::{Config, Device, Stub};

    #[test]
    fn a_failed_call_is_reported() {
        let stub = Stub::install(Config::new([Device::H200]));
        let driver = stub.driver().unwrap();
        let context = driver.context(0).unwrap();
        stub.fail_call(2, 2);
        let error = in_context(&draw::trial(3), "voxelize.bitmap.sm80", &context);
        assert!(matches!(error, Err(Error::Driver { .. })), "{error:?}");
    }
}
