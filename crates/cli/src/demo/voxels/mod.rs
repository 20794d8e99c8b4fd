//! What does each device make of a batch of scans, is it the same, and how long does it take?
//!
//! | module | question it answers |
//! |---|---|
//! | `scene` | which scan, into which cells, and how many of it make a batch? |
//! | `outputs` | which arrays come out, and are they right? |

mod outputs;
mod scene;
#[cfg(test)]
mod tests;

pub(super) use scene::{Scene, Source};

use super::measure::{Measured, turns_on_cpu};
use crate::console::{count, counted, duration, spinner};
use crate::device::Device;
use crate::report::{Run, ScanReport};
use crate::voxelize::image;
use anyhow::{Context, Result};
use outputs::{Outputs, options};
use robocache::voxelize::{Host, Plan, dispatcher, voxelize_dense, voxelize_sparse};

/// A batch on every device, all of which made the same bits.
pub(super) struct Voxelized {
    /// The map of the ground and the voxels of space of each device.
    pub(super) measured: Vec<Measured>,
    /// That they are right, in words.
    pub(super) agreement: String,
    outputs: Outputs<Host>,
}

/// Voxelizes and measures a batch on devices.
///
/// # Errors
/// What the library reports, and the first difference between a device and the reference.
pub(super) fn voxelize(scene: &Scene, devices: &[Device]) -> Result<Voxelized> {
    let (id, outputs) = reference(scene)?;
    let mut measured = Vec::new();
    for device in devices {
        let bar = spinner("voxelizing");
        let (figures, made) = on(device, scene)?;
        bar.finish_and_clear();
        made.agree(&outputs, scene).with_context(|| {
            let name = device.name();
            format!("voxels from {name} and from {id} differ; please report this with the scan")
        })?;
        measured.extend(figures);
    }
    let names: Vec<_> = devices.iter().map(Device::name).collect();
    let agreement = format!(
        "Same bits: {} of the ground and {} on {}, each as the reference {id} has it; the voxels above each cell of \
         the ground have as many points as it has",
        counted(outputs.count.values.len(), "cell"),
        counted(outputs.voxels.len(), "voxel"),
        names.join(" and on ")
    );
    Ok(Voxelized {
        measured,
        agreement,
        outputs,
    })
}

/// The batch by the readable reference on the CPU.
fn reference(scene: &Scene) -> Result<(&'static str, Outputs<Host>)> {
    let id = dispatcher().by_id("voxelize.scalar.cpu")?.info.id;
    let (clouds, options) = (scene.scans.clouds()?, options(Some(id)));
    let mut outputs = Outputs::new(scene, options)?;
    voxelize_dense(outputs.dense(clouds, scene, options)?)?;
    voxelize_sparse(outputs.sparse(clouds, scene, options)?)?;
    Ok((id, outputs))
}

/// The batch on a device, measured.
fn on(device: &Device, scene: &Scene) -> Result<([Measured; 2], Outputs<Host>)> {
    match device {
        Device::Cpu => on_cpu(device, scene),
        #[cfg(feature = "cuda")]
        Device::Cuda(gpu) => crate::device::on_gpu(on_gpu(device, gpu, scene)),
    }
}

fn on_cpu(device: &Device, scene: &Scene) -> Result<([Measured; 2], Outputs<Host>)> {
    let (clouds, options) = (scene.scans.clouds()?, options(None));
    let mut made = Outputs::new(scene, options)?;
    let plan = Plan::new_cpu(&mut made.dense(clouds, scene, options)?)?;
    let turns = turns_on_cpu(plan.problem().bytes(), || {
        plan.run(made.dense(clouds, scene, options)?)
    })?;
    let bytes = plan.problem().bytes();
    let dense = Measured::new(device, plan.variant(), scene.dense_shape(), bytes, turns);
    let plan = Plan::new_cpu(&mut made.sparse(clouds, scene, options)?)?;
    let turns = turns_on_cpu(plan.problem().bytes(), || {
        plan.run(made.sparse(clouds, scene, options)?)
    })?;
    let (bytes, shape) = (
        plan.problem().bytes(),
        scene.sparse_shape(made.voxels.len()),
    );
    let sparse = Measured::new(device, plan.variant(), shape, bytes, turns);
    Ok(([dense, sparse], made))
}

#[cfg(feature = "cuda")]
fn on_gpu(
    device: &Device,
    gpu: &crate::device::Gpu,
    scene: &Scene,
) -> robocache::Result<([Measured; 2], Outputs<Host>)> {
    use super::measure::turns_on_gpu;
    use robocache::cuda::{DeviceBuffer, Workspace};

    let (context, stream) = (&gpu.context, &gpu.stream);
    let uploaded = scene.scans.upload(stream)?;
    let (clouds, options) = (uploaded.clouds(&scene.scans)?, options(None));
    let mut made = Outputs::new_on(scene, clouds, options, stream)?;
    let plan = Plan::new_cuda(&mut made.dense(clouds, scene, options)?, context)?;
    let mut room = DeviceBuffer::new(context, plan.workspace_bytes())?;
    let bytes = plan.problem().bytes();
    let turns = turns_on_gpu(gpu, bytes, || {
        let request = made.dense(clouds, scene, options)?;
        plan.launch(request, Workspace::from(&mut room), stream)
    })?;
    let dense = Measured::new(device, plan.variant(), scene.dense_shape(), bytes, turns);
    let plan = Plan::new_cuda(&mut made.sparse(clouds, scene, options)?, context)?;
    let mut room = DeviceBuffer::new(context, plan.workspace_bytes())?;
    let bytes = plan.problem().bytes();
    let turns = turns_on_gpu(gpu, bytes, || {
        let request = made.sparse(clouds, scene, options)?;
        plan.launch(request, Workspace::from(&mut room), stream)
    })?;
    let shape = scene.sparse_shape(made.voxels.len());
    let sparse = Measured::new(device, plan.variant(), shape, bytes, turns);
    Ok(([dense, sparse], made.download(stream)?))
}

impl Scene {
    fn of_batch(&self) -> String {
        let (batch, columns) = (self.scans.batch(), self.scans.columns.len());
        format!("{batch} × {} × {columns}", count(self.points as u128))
    }

    fn dense_shape(&self) -> String {
        let [x, y, _] = self.ground.shape();
        format!("{} → {x} × {y} cells, count and max", self.of_batch())
    }

    fn sparse_shape(&self, voxels: usize) -> String {
        let voxels = counted(voxels, "voxel");
        format!("{} → {voxels}, count and mean", self.of_batch())
    }
}

impl Voxelized {
    /// How long each device takes for one scan of the batch.
    pub(super) fn each(&self, scene: &Scene) -> Vec<String> {
        let scans = scene.scans.batch() as f64;
        let devices = self.measured.as_chunks::<2>().0.iter();
        let each = devices.map(|[map, voxels]| {
            format!(
                "{}: a scan takes {} as a map of the ground and {} as voxels of space",
                map.device,
                duration(map.micros / scans),
                duration(voxels.micros / scans),
            )
        });
        each.collect()
    }

    /// What the page shows: the first scan from above, and the figures.
    ///
    /// # Errors
    /// If there is no picture to be made of it.
    pub(super) fn report(&self, scene: &Scene) -> Result<ScanReport> {
        let [x, y, _] = scene.ground.shape();
        let (size, all) = (scene.space.voxel_size()[0], &self.outputs.voxels);
        let coords = all.coords.values.as_chunks::<4>().0;
        let voxels = coords.partition_point(|&[scan, ..]| scan == 0);
        let counts = &self.outputs.count.values[..x * y];
        let cells = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let filled = cells.clone().count();
        let cells = cells.map(|(cell, &count)| ([0, cell / y, cell % y], count));
        let mut notes: Vec<_> = self
            .each(scene)
            .iter()
            .map(|each| format!("{each}."))
            .collect();
        notes.push(format!("{}.", self.agreement));
        if scene.is_synthetic {
            notes.push(
                "The scan is synthetic: 64 beams in a street, with noise and lost returns. It is the same in every run."
                    .to_owned(),
            );
        }
        Ok(ScanReport {
            title: format!("{} in voxels", scene.title),
            facts: format!(
                "{} in cells of {size}: {} of the {} of the ground have points, and {} in space.",
                counted(scene.points, "point"),
                count(filled as u128),
                counted(x * y, "cell"),
                counted(voxels, "voxel"),
            ),
            picture: image::encode(scene.ground, cells).context("the picture")?,
            label: format!(
                "{} from above: cells of the ground from one point, dark blue, to many, yellow",
                scene.title
            ),
            runs: self.measured.iter().map(Run::from).collect(),
            notes,
        })
    }
}
