//! The rivals' scripts speak the protocol.

use robocache::registry::DeviceId;
use robocache_bench::protocol::Cache;
use robocache_bench::protocol::{Reply, Request};
use robocache_bench::run::peers::{Launcher, PEERS, Peer};
use robocache_bench::run::process::Failure;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

/// An operation, a shape and who does it.
const SHAPES: &[(&str, &str, &str)] = &[
    (
        "trajectory",
        "4x60x7->50 f32",
        "torch torch-compile triton numpy numba",
    ),
    (
        "trajectory",
        "1x300x5->200 f64 f64-times",
        "torch torch-compile triton numpy numba",
    ),
    (
        "trajectory",
        "3x60x33->50 f32 i64-times",
        "torch torch-compile triton numpy numba",
    ),
    (
        "voxelize",
        "dense clustered 2*600 20x10x8 occupancy+count+mean+max f3",
        "torch torch-compile triton numpy numba",
    ),
    (
        "voxelize",
        "dense lidar 900 30x20x8 count",
        "torch torch-compile triton numpy numba",
    ),
    (
        "voxelize",
        "sparse lidar 900 200x100x10 mean f4 cpu-equals-gpu",
        "torch numpy numba small_gicp open3d spconv",
    ),
    (
        "voxelize",
        "sparse uniform 2*900 20x10x8 first-point first+mean f4",
        "numpy numba",
    ),
];

/// Whoever cannot start here says which module is missing; the others time problems, the numbers of
/// which they check themselves, and refuse what they do not do.
#[test]
fn every_script_speaks_the_protocol() {
    let launcher = Launcher {
        python: python().into(),
        folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("peers"),
        device: DeviceId::Cpu,
        threads: "2".into(),
    };
    for peer in PEERS {
        let tried = |operation| tried(&launcher, peer, operation);
        if let Some(done) = tried("trajectory") {
            let all = done + tried("voxelize").unwrap();
            assert!(all > 0, "{} does nothing", peer.name);
        }
    }
}

/// How many shapes of an operation a peer has timed; none if it cannot start.
fn tried(launcher: &Launcher, peer: &Peer, operation: &str) -> Option<usize> {
    let mut process = launcher.start(*peer).unwrap();
    let mut ask = |request: Request| process.ask(&request, LIMIT);
    match ask(Request::Hello) {
        Ok(Reply::Hello(hello)) => {
            assert!(hello.versions.contains_key("python"), "{}", peer.name)
        }
        Err(Failure::Refused(reason)) => {
            assert!(
                reason.starts_with("No module named"),
                "{}: {reason}",
                peer.name
            );
            eprintln!("{} is not tried: {reason}", peer.name);
            return None;
        }
        other => panic!("{}: {other:?}", peer.name),
    }
    let open = |operation: &str, shape: &str| Request::Open {
        operation: operation.into(),
        shape: shape.into(),
        seed: 3,
    };
    let refused = |reply| matches!(reply, Err(Failure::Refused(_)));
    for (operation, shape) in [
        ("voxel", "4x60x7->50 f32"),
        ("versions", "4x60x7->50 f32"),
        ("trajectory", "4x60x7->50 f32 nearest"),
        ("voxelize", "dense lidar 900 30x20x8 bits"),
    ] {
        assert!(
            refused(ask(open(operation, shape))),
            "{} {operation} {shape}",
            peer.name
        );
    }
    assert!(refused(ask(Request::Tune)), "{}", peer.name);
    let mut done = 0;
    for (_, shape, by) in SHAPES.iter().filter(|(of, ..)| *of == operation) {
        if !by.split(' ').any(|name| name == peer.name) {
            let reply = ask(open(operation, shape));
            assert!(refused(reply), "{} {operation} {shape}", peer.name);
            continue;
        }
        // A slow one's process is there for one shape.
        if peer.slow && done == 1 {
            continue;
        }
        done += 1;
        let opened = match ask(open(operation, shape)) {
            Ok(Reply::Opened(opened)) => opened,
            other => panic!("{} {operation} {shape}: {other:?}", peer.name),
        };
        assert_eq!(opened.subjects[0], peer.name);
        for subject in &opened.subjects {
            timed(&mut ask, subject);
        }
    }
    assert_eq!(ask(Request::Close), Ok(Reply::Closed {}), "{}", peer.name);
    Some(done)
}

/// An opened subject tells as many times as it is asked for.
fn timed(ask: &mut impl FnMut(Request) -> Result<Reply, Failure>, subject: &str) {
    for cache in [Cache::Cold, Cache::Warm] {
        let request = Request::Time {
            subject: subject.into(),
            cache,
            runs: 6,
            warmup: 2,
            delay: 0,
        };
        match ask(request) {
            Ok(Reply::Micros(micros)) => {
                assert!(
                    micros.len() == 6 && micros.iter().all(|&m| m > 0.0),
                    "{micros:?}"
                );
            }
            other => panic!("{subject}: {other:?}"),
        }
    }
    let host = ask(Request::Host {
        subject: subject.into(),
        runs: 4,
        warmup: 1,
    });
    assert!(
        matches!(host, Ok(Reply::Nanos(nanos)) if nanos.len() == 4),
        "{subject}"
    );
}

/// How the rivals time what runs on a device, without one.
#[test]
fn the_device_clock_of_the_scripts_keeps_the_device_busy() {
    run("device_clock.py");
}

/// The rivals' points are ours, and their checks find what is wrong.
#[test]
fn the_scripts_voxelize_our_points_and_notice_what_is_wrong() {
    run("voxelize_peers.py");
}

fn run(script: &str) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = std::process::Command::new(python())
        .arg(here.join("tests").join(script))
        .args([here.join("tests/fake"), here.join("peers")])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    eprint!("{}", String::from_utf8_lossy(&output.stdout));
}

fn python() -> String {
    std::env::var("ROBOCACHE_PYTHON").unwrap_or_else(|_| "python3".into())
}
