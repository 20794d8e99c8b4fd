//! How do files become one batch of clouds?

use crate::console::row_bar;
use anyhow::{Result, bail};
use robocache::voxelize::Clouds;
use robocache::{Layout, TensorView};
use robocache_io::points::{Format, PointCloud, Values, read_floats, read_points, read_points_as};
use std::path::{Path, PathBuf};
use std::str::FromStr;

#[cfg(feature = "cuda")]
use robocache::cuda::{DeviceBuffer, Stream};

/// What files hold, in the words of `--format`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    Named(Format),
    /// Rows of so many 32-bit floats.
    Floats(usize),
}

impl FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Form, String> {
        let floats = || text.parse().ok().filter(|&n| n >= 3).map(Form::Floats);
        let found = Format::from_name(text).map(Form::Named).or_else(floats);
        found.ok_or_else(|| {
            let names: Vec<_> = Format::ALL.iter().map(|format| format.name()).collect();
            format!(
                "expected one of {}, or how many 32-bit floats a point has",
                names.join(", ")
            )
        })
    }
}

/// The points of all scans, one behind the other.
pub(crate) struct Scans {
    /// The names of the columns; x, y and z come first.
    pub columns: Vec<String>,
    /// `[N, C]`.
    values: Values,
    /// Where each scan's points begin, and where the last one's end.
    offsets: Vec<i64>,
}

/// The same in the memory of a device.
#[cfg(feature = "cuda")]
pub(crate) struct Uploaded {
    values: DeviceBuffer,
    offsets: DeviceBuffer,
}

#[cfg(feature = "cuda")]
impl Uploaded {
    /// The batch, all columns being features, too; `scans` is where it came from.
    pub fn clouds(&self, scans: &Scans) -> robocache::Result<Clouds<'_>> {
        let layout = scans.layout()?;
        let view = match &scans.values {
            Values::F32(_) => self.values.view::<f32, 2>(0, layout)?,
            Values::F64(_) => self.values.view::<f64, 2>(0, layout)?,
        };
        let offsets = Layout::contiguous([scans.offsets.len()])?;
        let offsets = self.offsets.view::<i64, 1>(0, offsets)?;
        Ok(Clouds::new(view).features(view).offsets(offsets))
    }
}

/// Reads scans, all of which have to have the same columns.
pub(crate) fn read(paths: &[PathBuf], format: Option<Form>) -> Result<Scans> {
    let bar = row_bar("scans");
    bar.set_length(paths.len() as u64);
    let mut scans: Option<Scans> = None;
    for path in paths {
        let cloud = match format {
            Some(Form::Named(format)) => read_points_as(path, format)?,
            Some(Form::Floats(columns)) => read_floats(path, columns)?,
            None => read_points(path)?,
        };
        match &mut scans {
            None => scans = Some(Scans::of(cloud)),
            Some(scans) => scans.add(cloud, path, &paths[0])?,
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    match scans {
        Some(scans) => Ok(scans),
        None => bail!("there is no scan"),
    }
}

impl Scans {
    /// A batch of one.
    pub fn of(cloud: PointCloud) -> Scans {
        Scans {
            offsets: vec![0, cloud.points() as i64],
            columns: cloud.columns,
            values: cloud.values,
        }
    }

    fn add(&mut self, cloud: PointCloud, path: &Path, first: &Path) -> Result<()> {
        if cloud.columns != self.columns {
            bail!(
                "{}: has the columns {}, {} has {}: the scans of a batch have the same",
                path.display(),
                cloud.columns.join(", "),
                first.display(),
                self.columns.join(", ")
            );
        }
        let end = self.count() + cloud.points();
        self.offsets.push(end as i64);
        match (&mut self.values, cloud.values) {
            (Values::F32(all), Values::F32(more)) => all.extend(more),
            (Values::F64(all), Values::F64(more)) => all.extend(more),
            (Values::F64(all), Values::F32(more)) => all.extend(more.into_iter().map(f64::from)),
            (Values::F32(all), Values::F64(more)) => {
                let all = std::mem::take(all).into_iter().map(f64::from);
                self.values = Values::F64(all.chain(more).collect());
            }
        }
        Ok(())
    }

    /// The batch so many times, each a copy of its own.
    pub fn repeated(&self, times: usize) -> Scans {
        let starts = (0..times).map(|time| (time * self.count()) as i64);
        let all = &self.offsets[1..];
        let ends = starts.flat_map(|start| all.iter().map(move |end| start + end));
        Scans {
            columns: self.columns.clone(),
            values: match &self.values {
                Values::F32(values) => Values::F32(values.repeat(times)),
                Values::F64(values) => Values::F64(values.repeat(times)),
            },
            offsets: std::iter::once(0).chain(ends).collect(),
        }
    }

    /// N.
    pub fn count(&self) -> usize {
        self.values.len() / self.columns.len()
    }

    /// B.
    pub fn batch(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Bytes of the points.
    pub fn bytes(&self) -> usize {
        match &self.values {
            Values::F32(values) => size_of_val(&values[..]),
            Values::F64(values) => size_of_val(&values[..]),
        }
    }

    fn layout(&self) -> robocache::Result<Layout<2>> {
        Layout::contiguous([self.count(), self.columns.len()])
    }

    /// The batch, all columns being features, too.
    pub fn clouds(&self) -> Result<Clouds<'_>> {
        let layout = self.layout()?;
        let view = match &self.values {
            Values::F32(values) => TensorView::from_slice_strided(values, layout, 0)?,
            Values::F64(values) => TensorView::from_slice_strided(values, layout, 0)?,
        };
        let offsets = TensorView::from_slice(&self.offsets, [self.offsets.len()])?;
        Ok(Clouds::new(view).features(view).offsets(offsets))
    }

    /// A copy of the batch in the memory of a device.
    #[cfg(feature = "cuda")]
    pub fn upload(&self, stream: &Stream) -> robocache::Result<Uploaded> {
        Ok(Uploaded {
            values: match &self.values {
                Values::F32(values) => DeviceBuffer::upload(stream, values)?,
                Values::F64(values) => DeviceBuffer::upload(stream, values)?,
            },
            offsets: DeviceBuffer::upload(stream, &self.offsets)?,
        })
    }

    /// Coordinates of the points that are finite.
    fn finite(&self) -> impl Iterator<Item = [f64; 3]> + '_ {
        let columns = self.columns.len();
        let points: Box<dyn Iterator<Item = [f64; 3]>> = match &self.values {
            Values::F32(values) => Box::new(
                values
                    .chunks_exact(columns)
                    .map(|p| [p[0], p[1], p[2]].map(f64::from)),
            ),
            Values::F64(values) => {
                Box::new(values.chunks_exact(columns).map(|p| [p[0], p[1], p[2]]))
            }
        };
        points.filter(|point| point.iter().all(|at| at.is_finite()))
    }

    /// How many points are finite.
    pub fn count_finite(&self) -> usize {
        self.finite().count()
    }

    /// The lowest and the highest coordinates of finite points, if there is one.
    pub fn bounds(&self) -> Option<[[f64; 3]; 2]> {
        self.finite().fold(None, |bounds, point| {
            let [low, high] = bounds.unwrap_or([point; 2]);
            let each = |of: fn(f64, f64) -> f64, ends: [f64; 3]| {
                [0, 1, 2].map(|axis| of(ends[axis], point[axis]))
            };
            Some([each(f64::min, low), each(f64::max, high)])
        })
    }

    /// Whether coordinates are doubles.
    pub fn is_f64(&self) -> bool {
        matches!(self.values, Values::F64(_))
    }
}
