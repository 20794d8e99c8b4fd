//! Who else takes part?

use super::process::Process;
use anyhow::{Result, ensure};
use robocache::registry::DeviceId;
use std::path::PathBuf;
use std::process::Command;

/// A rival: a script that speaks the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name, as it is asked for and shown.
    pub name: &'static str,
    /// Its file in the folder of peers.
    pub file: &'static str,
    /// Where it runs.
    pub cpu: bool,
    /// Where it runs.
    pub cuda: bool,
    /// It needs a process of its own for each shape, and long to start: it takes part with the first
    /// two seeds only, and its processes are started several shapes ahead.
    pub slow: bool,
}

/// All of them. Which operations they do, and whether they time several things, they say themselves.
pub const PEERS: &[Peer] = &[
    Peer {
        name: "torch",
        file: "torch_eager.py",
        cpu: true,
        cuda: true,
        slow: false,
    },
    Peer {
        name: "torch-compile",
        file: "torch_compile.py",
        cpu: true,
        cuda: true,
        slow: true,
    },
    Peer {
        name: "triton",
        file: "triton_fused.py",
        cpu: false,
        cuda: true,
        slow: false,
    },
    Peer {
        name: "numpy",
        file: "numpy_vectors.py",
        cpu: true,
        cuda: false,
        slow: false,
    },
    Peer {
        name: "numba",
        file: "numba_parallel.py",
        cpu: true,
        cuda: false,
        slow: false,
    },
    Peer {
        name: "small_gicp",
        file: "small_gicp_grid.py",
        cpu: true,
        cuda: false,
        slow: false,
    },
    Peer {
        name: "open3d",
        file: "open3d_grid.py",
        cpu: true,
        cuda: false,
        slow: false,
    },
    Peer {
        name: "spconv",
        file: "spconv_voxels.py",
        cpu: true,
        cuda: true,
        slow: false,
    },
];

/// The peers that a list asks for, on a device: `auto` for all that run there, `none`, or names with
/// commas between them.
///
/// # Errors
/// If a name is none.
pub fn choose(list: &str, device: DeviceId) -> Result<Vec<Peer>> {
    let runs_there = |peer: &&Peer| match device {
        DeviceId::Cpu => peer.cpu,
        DeviceId::Cuda(_) => peer.cuda,
    };
    let wanted: Vec<&str> = match list {
        "none" => Vec::new(),
        "auto" => PEERS.iter().map(|peer| peer.name).collect(),
        names => names.split(',').map(str::trim).collect(),
    };
    for name in &wanted {
        let known: Vec<_> = PEERS.iter().map(|peer| peer.name).collect();
        ensure!(
            known.contains(name),
            "there is no peer {name}: found {list:?}, expected auto, none or some of {}",
            known.join(",")
        );
    }
    let chosen = PEERS.iter().filter(|peer| wanted.contains(&peer.name));
    Ok(chosen.filter(runs_there).copied().collect())
}

/// How peers are started.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// The Python that runs them.
    pub python: PathBuf,
    /// Where their files are.
    pub folder: PathBuf,
    /// The device that they run on.
    pub device: DeviceId,
    /// As many threads as our own variants have.
    pub threads: String,
}

impl Launcher {
    /// Starts a peer.
    ///
    /// # Errors
    /// [`Failure::Start`](super::process::Failure::Start).
    pub fn start(&self, peer: Peer) -> Result<Process, super::process::Failure> {
        let mut command = Command::new(&self.python);
        command
            .arg(self.folder.join(peer.file))
            .args(["--device", &self.device.to_string()])
            .args(["--threads", &self.threads])
            // Nothing is written beside the scripts, which may lie where that is not possible.
            .env("PYTHONDONTWRITEBYTECODE", "1");
        for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"] {
            command.env(name, &self.threads);
        }
        Process::start(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_chosen_by_name_and_device() {
        let names = |list, device| {
            let chosen = choose(list, device).unwrap();
            chosen.iter().map(|peer| peer.name).collect::<Vec<_>>()
        };
        let gpu = DeviceId::Cuda(0);
        assert_eq!(
            names("auto", gpu),
            ["torch", "torch-compile", "triton", "spconv"]
        );
        assert_eq!(
            names("auto", DeviceId::Cpu),
            [
                "torch",
                "torch-compile",
                "numpy",
                "numba",
                "small_gicp",
                "open3d",
                "spconv"
            ]
        );
        assert_eq!(names("numba, torch", DeviceId::Cpu), ["torch", "numba"]);
        assert!(names("none", gpu).is_empty() && names("numpy", gpu).is_empty());
        assert!(choose("tensorflow", gpu).is_err() && choose("", gpu).is_err());
    }

    #[test]
    fn every_script_is_there() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        for peer in PEERS {
            assert!(folder.join(peer.file).is_file(), "{}", peer.file);
        }
    }
}
