//! The rivals' scripts speak the protocol.

use robocache::registry::DeviceId;
use robocache_bench::protocol::Cache;
use robocache_bench::protocol::{Reply, Request};
use robocache_bench::run::peers::{Launcher, PEERS};
use robocache_bench::run::process::Failure;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

/// Whoever cannot start here says which module is missing; the others time two problems, the numbers
/// of which they check themselves, and refuse what they do not do.
#[test]
fn every_script_speaks_the_protocol() {
    let python = std::env::var("ROBOCACHE_PYTHON").unwrap_or_else(|_| "python3".into());
    let launcher = Launcher {
        python: python.into(),
        folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("peers"),
        device: DeviceId::Cpu,
        threads: "2".into(),
    };
    for peer in PEERS {
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
                continue;
            }
            other => panic!("{}: {other:?}", peer.name),
        }
        let open = |operation: &str, shape: &str| Request::Open {
            operation: operation.into(),
            shape: shape.into(),
            seed: 3,
        };
        let refused = |reply| matches!(reply, Err(Failure::Refused(_)));
        assert!(
            refused(ask(open("voxel", "4x60x7->50 f32"))),
            "{}",
            peer.name
        );
        assert!(
            refused(ask(open("trajectory", "4x60x7->50 f32 nearest"))),
            "{}",
            peer.name
        );
        assert!(refused(ask(Request::Tune)), "{}", peer.name);
        let shapes = [
            "4x60x7->50 f32",
            "1x300x5->200 f64 f64-times",
            "3x60x33->50 f32 i64-times",
        ];
        for shape in &shapes[..if peer.slow { 1 } else { 3 }] {
            match ask(open("trajectory", shape)) {
                Ok(Reply::Opened(opened)) => assert_eq!(opened.subjects, [peer.name]),
                other => panic!("{} {shape}: {other:?}", peer.name),
            }
            let subject = || peer.name.to_owned();
            for cache in [Cache::Cold, Cache::Warm] {
                let request = Request::Time {
                    subject: subject(),
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
                    other => panic!("{} {shape}: {other:?}", peer.name),
                }
            }
            let host = ask(Request::Host {
                subject: subject(),
                runs: 4,
                warmup: 1,
            });
            assert!(
                matches!(host, Ok(Reply::Nanos(nanos)) if nanos.len() == 4),
                "{}",
                peer.name
            );
        }
        assert_eq!(ask(Request::Close), Ok(Reply::Closed {}), "{}", peer.name);
    }
}

/// How the rivals time what runs on a device, without one.
#[test]
fn the_device_clock_of_the_scripts_keeps_the_device_busy() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var("ROBOCACHE_PYTHON").unwrap_or_else(|_| "python3".into());
    let output = std::process::Command::new(python)
        .arg(here.join("tests/device_clock.py"))
        .args([here.join("tests/fake"), here.join("peers")])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
}
