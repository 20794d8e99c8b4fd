//! What does the log of a real robot arm cell look like?
//!
//! [`RobotLog::synthesize`] records a pick-and-place session of a seven-joint arm the way a
//! cell's logger would: three devices, each polled at its own rate by its own clock, with the
//! jitter, the dropped samples and the stall of a busy host that make such logs hard to use.
//! The three streams describe one motion: `pose` is the forward kinematics of `arm`, and
//! `gripper` closes where the motion pauses to pick.
//!
//! | module | question it answers |
//! |---|---|
//! | `clock` | when was each sample taken? |
//! | `motion` | where were the joints and the fingers at a given moment? |
//! | `kinematics` | which pose do the joints hold, and which joints reach a pose? |
//! | `random` | where do the random numbers come from? |

mod clock;
mod kinematics;
mod motion;
pub(crate) mod random;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clock::Poll;
use kinematics::{JOINTS, forward};
use motion::Motion;
use random::Random;

/// The longest session [`RobotLog::synthesize`] makes, in seconds (six hours).
pub const MAX_SECONDS: f64 = 6.0 * 3600.0;

/// Sessions shorter than this, in seconds, have no stall: it would be most of the log.
pub const MIN_SECONDS_FOR_STALL: f64 = 2.0;

/// How long the host is busy during the stall of the `arm` stream, in seconds.
const STALL_SECONDS: f64 = 0.4;

/// One step of the joint encoders (17 bits a turn), in radians.
const ENCODER_STEP: f64 = std::f64::consts::TAU / 131_072.0;

/// A recorded session: streams that were sampled at different rates on different clocks.
#[derive(Debug, Clone, PartialEq)]
pub struct RobotLog {
    /// The streams, in the order in which they were opened.
    pub streams: Vec<Stream>,
}

/// The samples of one device.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// What the device is called; also the stem of its CSV file.
    pub name: String,
    /// The rate that the device was asked for, in samples per second.
    pub nominal_hz: f64,
    /// When each sample was taken, in seconds of session time, strictly increasing.
    pub times: Vec<f64>,
    /// What was sampled; every column has one value for each of `times`.
    pub columns: Vec<Column>,
}

/// One signal of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// What the signal is called.
    pub name: String,
    /// The unit of the values; empty for a plain number.
    pub unit: &'static str,
    /// One value for each sample of the stream.
    pub values: Vec<f64>,
    /// Whether this is a step signal, which keeps its previous sample's value until the next
    /// sample and must not be interpolated.
    pub hold: bool,
}

impl Column {
    fn empty(name: impl Into<String>, unit: &'static str, hold: bool) -> Self {
        Self {
            name: name.into(),
            unit,
            values: Vec::new(),
            hold,
        }
    }
}

impl RobotLog {
    /// Records a session of about `seconds` seconds; the same `seed` gives the same log.
    ///
    /// | stream | rate | timing | columns |
    /// |---|---|---|---|
    /// | `arm` | 100 Hz | jitter of 1.5 ms, dropped samples, one stall of about 0.4 s | `panda_joint1.pos` … `panda_joint7.pos` in rad |
    /// | `pose` | 200 Hz | jitter of 0.2 ms | `x`, `y`, `z` in m and the unit quaternion `qx`, `qy`, `qz`, `qw` |
    /// | `gripper` | 30 Hz | jitter of 2 ms | `width` in m and the step signal `grasped` (0 or 1) |
    ///
    /// Jitter is the standard deviation of a sample's time about its place on the device's
    /// grid. Each device starts some milliseconds into the session, and its clock runs some
    /// parts per million fast or slow. A session shorter than [`MIN_SECONDS_FOR_STALL`] has no
    /// stall. `seconds` is held to `0 ..= `[`MAX_SECONDS`]; NaN counts as zero, and a session
    /// of zero seconds has the three streams without samples.
    pub fn synthesize(seed: u64, seconds: f64) -> Self {
        let seconds = if seconds.is_nan() {
            0.0
        } else {
            seconds.clamp(0.0, MAX_SECONDS)
        };
        let mut plan = Random::new(seed, 0);
        let motion = Motion::plan(seconds, &mut plan);
        let stall = (seconds >= MIN_SECONDS_FOR_STALL)
            .then(|| motion.travel_near(0.55 * seconds))
            .map(|middle| {
                let latest = (seconds - 1.5 * STALL_SECONDS).max(0.0);
                let start = (middle - 0.5 * STALL_SECONDS).clamp(0.0, latest);
                (start, start + STALL_SECONDS)
            });
        Self {
            streams: vec![
                arm(&motion, seconds, stall, Random::new(seed, 1)),
                pose(&motion, seconds, Random::new(seed, 2)),
                gripper(&motion, seconds, Random::new(seed, 3)),
            ],
        }
    }

    /// Writes one CSV file a stream into `dir`, which is made if it is missing.
    ///
    /// A file is named after its stream, its first column is `timestamp` in seconds, and its
    /// numbers read back as exactly the numbers held here. Returns the files' paths in the
    /// order of the streams.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`], before anything is written, if a stream's name is not a
    /// plain file name or if a column's length differs from that of its stream's times; else
    /// what the file system answered.
    pub fn write_csv(&self, dir: impl AsRef<Path>) -> io::Result<Vec<PathBuf>> {
        let dir = dir.as_ref();
        for stream in &self.streams {
            stream.check()?;
        }
        fs::create_dir_all(dir)?;
        self.streams
            .iter()
            .map(|stream| {
                let path = dir.join(format!("{}.csv", stream.name));
                let mut out = BufWriter::new(File::create(&path)?);
                stream.write_csv(&mut out)?;
                out.flush()?;
                Ok(path)
            })
            .collect()
    }
}

impl Stream {
    fn check(&self) -> io::Result<()> {
        let refuse = |why: String| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        let plain = Path::new(&self.name)
            .file_name()
            .is_some_and(|file| file == self.name.as_str());
        if !plain || self.name.contains(['/', '\\']) {
            return refuse(format!("stream name {:?} is not a file name", self.name));
        }
        for column in &self.columns {
            if column.values.len() != self.times.len() {
                return refuse(format!(
                    "column {:?} of stream {:?} has {} values for {} times",
                    column.name,
                    self.name,
                    column.values.len(),
                    self.times.len()
                ));
            }
        }
        Ok(())
    }

    fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(b"timestamp")?;
        for column in &self.columns {
            write!(out, ",{}", csv_field(&column.name))?;
        }
        out.write_all(b"\n")?;
        for (row, time) in self.times.iter().enumerate() {
            write!(out, "{time}")?;
            for column in &self.columns {
                write!(out, ",{}", column.values[row])?;
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// Quotes a header field where CSV asks for it.
fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The joint encoders, polled by a host that is busy with other things.
fn arm(motion: &Motion, seconds: f64, stall: Option<(f64, f64)>, mut random: Random) -> Stream {
    let poll = Poll {
        hz: 100.0,
        offset: random.between(5e-3, 9e-3),
        jitter: 1.5e-3,
        skew: 35e-6,
        drop_one_in: Some(300),
        stall,
    };
    let times = poll.times(seconds, &mut random);
    let mut columns: Vec<_> = (1..=JOINTS)
        .map(|joint| Column::empty(format!("panda_joint{joint}.pos"), "rad", false))
        .collect();
    for &time in &times {
        for (column, angle) in columns.iter_mut().zip(motion.joints(time)) {
            let read = angle + 4e-5 * random.normal();
            column
                .values
                .push(rounded((read / ENCODER_STEP).round() * ENCODER_STEP, 7));
        }
    }
    Stream {
        name: "arm".to_owned(),
        nominal_hz: poll.hz,
        times,
        columns,
    }
}

/// The end effector's pose, from a controller with a good clock.
fn pose(motion: &Motion, seconds: f64, mut random: Random) -> Stream {
    let poll = Poll {
        hz: 200.0,
        offset: random.between(2.5e-3, 4e-3),
        jitter: 0.2e-3,
        skew: -8e-6,
        drop_one_in: None,
        stall: None,
    };
    let times = poll.times(seconds, &mut random);
    let mut columns: Vec<_> = ["x", "y", "z"]
        .into_iter()
        .map(|name| Column::empty(name, "m", false))
        .chain(["qx", "qy", "qz", "qw"].map(|name| Column::empty(name, "", false)))
        .collect();
    // The hand points down: the first quaternion's sign is the one with a positive qx.
    let mut previous = [1.0, 0.0, 0.0, 0.0];
    for &time in &times {
        let pose = forward(&motion.joints(time));
        let mut q = pose.quaternion();
        for part in &mut q {
            *part += 2e-5 * random.normal();
        }
        let dot: f64 = q.iter().zip(previous).map(|(a, b)| a * b).sum();
        let norm = q.iter().map(|part| part * part).sum::<f64>().sqrt();
        q = q.map(|part| part / norm.copysign(dot));
        previous = q;
        let position = pose.position.map(|metres| metres + 3e-5 * random.normal());
        for (column, value) in columns.iter_mut().zip(position.into_iter().chain(q)) {
            column.values.push(rounded(value, 9));
        }
    }
    Stream {
        name: "pose".to_owned(),
        nominal_hz: poll.hz,
        times,
        columns,
    }
}

/// The gripper, polled over a slow bus.
fn gripper(motion: &Motion, seconds: f64, mut random: Random) -> Stream {
    let poll = Poll {
        hz: 30.0,
        offset: random.between(16e-3, 25e-3),
        jitter: 2e-3,
        skew: 60e-6,
        drop_one_in: None,
        stall: None,
    };
    let times = poll.times(seconds, &mut random);
    let mut width = Column::empty("width", "m", false);
    let mut grasped = Column::empty("grasped", "", true);
    for &time in &times {
        let fingers = motion.fingers(time);
        // The fingers are measured in steps of 0.1 mm.
        let read = fingers.width + 3e-5 * random.normal();
        width.values.push(rounded(read.max(0.0), 4));
        grasped.values.push(f64::from(u8::from(fingers.grasped)));
    }
    Stream {
        name: "gripper".to_owned(),
        nominal_hz: poll.hz,
        times,
        columns: vec![width, grasped],
    }
}

/// `value` as a logger that prints `places` decimals keeps it.
fn rounded(value: f64, places: i32) -> f64 {
    let scale = 10f64.powi(places);
    (value * scale).round() / scale
}
