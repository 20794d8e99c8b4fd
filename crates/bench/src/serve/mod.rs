//! How do our own variants take part?
//!
//! `robocache-bench serve` answers the [protocol](crate::protocol) for every operation that is linked
//! into it. Subjects are the ids of the variants that take the problem, and `copy`: a copy of as many
//! bytes as have to move.

#[cfg(feature = "cuda")]
mod launches;

use crate::protocol::{Cache, Hello, Opened, Reply, Request, VERSION};
use anyhow::{Context, Result, bail};
use robocache::registry::tune::Effort;
use robocache::registry::{CacheState, DeviceCaps, DeviceId, Subject, Workload, operations};
use std::collections::BTreeMap;
use std::io::{BufRead, Write};

/// The subject that is a memory copy.
pub const COPY: &str = "copy";

/// Answers requests until there are none.
///
/// # Errors
/// If requests cannot be read or replies not be written.
pub fn serve(device: DeviceId, requests: impl BufRead, mut replies: impl Write) -> Result<()> {
    let mut server = Server { device, open: None };
    for line in requests.lines() {
        let line = line.context("requests cannot be read")?;
        let reply = match serde_json::from_str(&line) {
            Ok(Request::Quit) => break,
            Ok(request) => server
                .answer(request)
                .unwrap_or_else(|error| Reply::Error(format!("{error:#}"))),
            Err(error) => Reply::Error(format!("no request: {error}")),
        };
        serde_json::to_writer(&mut replies, &reply)?;
        replies.write_all(b"\n")?;
        replies.flush()?;
    }
    Ok(())
}

/// The first CUDA device if there is a driver, else the CPU.
pub fn automatic() -> DeviceId {
    #[cfg(feature = "cuda")]
    if robocache::cuda::Driver::open().is_ok_and(|driver| driver.device_count() > 0) {
        return DeviceId::Cuda(0);
    }
    DeviceId::Cpu
}

struct Server {
    device: DeviceId,
    open: Option<Box<dyn Workload>>,
}

impl Server {
    fn answer(&mut self, request: Request) -> Result<Reply> {
        Ok(match request {
            Request::Hello => self.hello()?,
            Request::Open {
                operation,
                shape,
                seed,
            } => self.open(&operation, &shape, seed)?,
            Request::Time {
                subject,
                cache,
                runs,
                warmup,
                delay,
            } => {
                let workload = self.workload()?;
                let cache = match cache {
                    Cache::Cold => CacheState::Cold,
                    Cache::Warm => CacheState::Warm,
                };
                let subject = subject_of(workload, &subject, delay)?;
                // In one go, so that nothing comes between the runs that warm up and the others.
                let mut micros = workload.time(subject, cache, warmup + runs)?;
                Reply::Micros(micros.split_off(warmup))
            }
            Request::Host {
                subject,
                runs,
                warmup,
            } => {
                let workload = self.workload()?;
                let Subject::Variant(id) = subject_of(workload, &subject, 0)? else {
                    bail!("{subject} has no host time");
                };
                let mut nanos = workload.time_host(id, warmup + runs)?;
                Reply::Nanos(nanos.split_off(warmup))
            }
            Request::Tune => {
                let workload = self.workload()?;
                workload.tune(Effort::THOROUGH)?;
                Reply::Tuned(workload.chosen()?.to_owned())
            }
            Request::Launches { operation, count } => self.launches(&operation, count)?,
            Request::Close | Request::Quit => {
                self.open = None;
                Reply::Closed {}
            }
        })
    }

    fn workload(&mut self) -> Result<&mut dyn Workload> {
        match &mut self.open {
            Some(workload) => Ok(&mut **workload),
            None => bail!("no problem is open"),
        }
    }

    fn open(&mut self, operation: &str, shape: &str, seed: u64) -> Result<Reply> {
        self.open = None;
        let entry = operations()
            .into_iter()
            .find(|entry| entry.name == operation);
        let entry = entry.with_context(|| format!("no operation {operation}"))?;
        let workload = (entry.workloads.open)(shape, self.device, seed)?;
        let mut subjects: Vec<String> = workload
            .candidates()
            .into_iter()
            .map(str::to_owned)
            .collect();
        subjects.push(COPY.to_owned());
        let opened = Opened {
            subjects,
            differs: BTreeMap::new(),
            bytes: workload.bytes() as u64,
            untuned: workload.untuned()?.to_owned(),
            chosen: workload.chosen()?.to_owned(),
        };
        self.open = Some(workload);
        Ok(Reply::Opened(opened))
    }

    fn hello(&self) -> Result<Reply> {
        let caps = self.caps()?;
        let mut device = BTreeMap::from([("model".to_owned(), caps.model())]);
        let mut fact = |name: &str, value: String| device.insert(name.to_owned(), value);
        match &caps {
            DeviceCaps::Cpu(cpu) => {
                fact("threads", cpu.threads.to_string());
                fact(
                    "instructions",
                    instructions(cpu.avx2, cpu.avx512).to_owned(),
                );
            }
            DeviceCaps::Cuda(cuda) => {
                fact(
                    "compute capability",
                    format!("{}.{}", cuda.major, cuda.minor),
                );
                fact("multiprocessors", cuda.multiprocessors.to_string());
                fact("L2 bytes", cuda.l2_bytes.to_string());
                fact("memory bytes", cuda.memory_bytes.to_string());
                let version = cuda.cuda_version;
                fact(
                    "CUDA of the driver",
                    format!("{}.{}", version / 1000, version % 1000 / 10),
                );
            }
        }
        Ok(Reply::Hello(Hello {
            protocol: VERSION,
            versions: BTreeMap::from([("robocache".into(), env!("CARGO_PKG_VERSION").into())]),
            device,
        }))
    }

    fn caps(&self) -> Result<DeviceCaps> {
        match self.device {
            DeviceId::Cpu => Ok(DeviceCaps::cpu().clone()),
            #[cfg(feature = "cuda")]
            DeviceId::Cuda(ordinal) => {
                let context = robocache::cuda::Driver::open()?.context(ordinal)?;
                Ok(context.caps().clone())
            }
            #[cfg(not(feature = "cuda"))]
            DeviceId::Cuda(_) => bail!("this program was built without the feature `cuda`"),
        }
    }

    fn launches(&self, operation: &str, count: usize) -> Result<Reply> {
        match (operation, self.device) {
            #[cfg(feature = "cuda")]
            ("trajectory", DeviceId::Cuda(ordinal)) => {
                Ok(Reply::Launches(launches::measure(ordinal, count)?))
            }
            _ => {
                let _ = count;
                Ok(Reply::Refused(format!(
                    "launches of {operation} on {} are not told apart",
                    self.device
                )))
            }
        }
    }
}

fn instructions(avx2: bool, avx512: bool) -> &'static str {
    match (avx2, avx512) {
        (_, true) => "AVX-512",
        (true, false) => "AVX2",
        (false, false) => "scalar",
    }
}

fn subject_of(workload: &dyn Workload, name: &str, delay: u64) -> Result<Subject> {
    if name == COPY {
        return Ok(Subject::Copy);
    }
    let candidates = workload.candidates();
    let id = candidates.into_iter().find(|&id| id == name);
    let id = id.with_context(|| format!("{name} does not take {}", workload.shape()))?;
    Ok(match delay {
        0 => Subject::Variant(id),
        _ => Subject::Delayed(id, delay),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(requests: &[&str]) -> Vec<Reply> {
        let mut replies = Vec::new();
        serve(DeviceId::Cpu, requests.join("\n").as_bytes(), &mut replies).unwrap();
        let lines = replies
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    #[test]
    fn our_contender_times_its_variants_and_the_copy() {
        let replies = talk(&[
            r#"{"do":"hello"}"#,
            r#"{"do":"open","operation":"trajectory","shape":"4x50x7->40 f32","seed":1}"#,
            r#"{"do":"time","subject":"trajectory.scalar.cpu","cache":"cold","runs":4,"warmup":2}"#,
            r#"{"do":"time","subject":"copy","cache":"warm","runs":3,"warmup":1}"#,
            r#"{"do":"time","subject":"trajectory.scalar.cpu","cache":"warm","runs":2,"warmup":0,"delay":3000000}"#,
            r#"{"do":"host","subject":"trajectory.scalar.cpu","runs":3,"warmup":1}"#,
            r#"{"do":"close"}"#,
            r#"{"do":"quit"}"#,
            r#"{"do":"hello"}"#,
        ]);
        let [hello, opened, cold, copy, slow, host, closed] = &replies[..] else {
            panic!("{replies:?}")
        };
        assert!(
            matches!(hello, Reply::Hello(hello) if hello.protocol == VERSION
            && hello.device["model"].contains("threads"))
        );
        let Reply::Opened(opened) = opened else {
            panic!("{opened:?}")
        };
        assert!(opened.subjects.contains(&opened.untuned) && opened.bytes > 4 * 90 * 4);
        assert_eq!(opened.subjects.last().unwrap(), COPY);
        let micros = |reply: &Reply| match reply {
            Reply::Micros(micros) => micros.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!((micros(cold).len(), micros(copy).len()), (4, 3));
        assert!(micros(slow).iter().all(|&m| m >= 3000.0));
        assert!(matches!(host, Reply::Nanos(nanos) if nanos.len() == 3));
        assert_eq!(*closed, Reply::Closed {});
    }

    #[test]
    fn what_cannot_be_done_is_said_in_words() {
        let replies = talk(&[
            "hello",
            r#"{"do":"time","subject":"copy","cache":"cold","runs":1,"warmup":0}"#,
            r#"{"do":"open","operation":"none","shape":"1","seed":1}"#,
            r#"{"do":"open","operation":"trajectory","shape":"round","seed":1}"#,
            r#"{"do":"open","operation":"trajectory","shape":"1x2x3->4","seed":1}"#,
            r#"{"do":"time","subject":"trajectory.wide.sm80","cache":"cold","runs":1,"warmup":0}"#,
            r#"{"do":"launches","operation":"trajectory","count":1}"#,
        ]);
        let words: Vec<_> = replies
            .iter()
            .map(|reply| match reply {
                Reply::Error(words) | Reply::Refused(words) => words.as_str(),
                _ => "",
            })
            .collect();
        for (index, part) in [
            "no request",
            "no problem is open",
            "no operation none",
            "BxSxD->T",
            "",
            "does not take",
            "not told apart",
        ]
        .into_iter()
        .enumerate()
        {
            assert!(words[index].contains(part), "{index}: {words:?}");
        }
    }
}
