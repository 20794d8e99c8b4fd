//! Runs with rivals that die, hang, refuse and talk nonsense. They are shell scripts here.

use robocache::registry::DeviceId;
use robocache_bench::results::{Folder, Part};
use robocache_bench::run::contender::Contender;
use robocache_bench::run::peers::Peer;
use robocache_bench::run::process::{Failure, Process};
use robocache_bench::run::{Limits, Options, run};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const SHAPE: &str = "2x20x3->10 f32";

/// A rival that does what it should, but for what replaces parts of it.
const GOOD: &str = r#"
ten='[1,2,3,4,5,6,7,8,9,10]'
five='[1,2,3,4,5]'
while read -r line; do case $line in
*'"hello"'*) echo '{"hello":{"protocol":1,"versions":{"sh":"1"}}}' ;;
*'"open"'*) echo '{"opened":{"subjects":["NAME"]}}' ;;
*'"runs":10'*) echo '{"micros":'$ten'}' ;;
*'"runs":5'*) echo '{"micros":'$five'}' ;;
*'"close"'*) echo '{"closed":{}}' ;;
*'"quit"'*) exit 0 ;;
esac; done
"#;

fn peer(folder: &Path, name: &'static str, script: &str) -> Peer {
    let script = script.replace("NAME", name);
    std::fs::write(folder.join(name), script).unwrap();
    Peer {
        name,
        file: name,
        cpu: true,
        cuda: false,
        slow: false,
    }
}

fn options(folder: &Path, peers: Vec<Peer>) -> Options {
    Options {
        operations: vec!["trajectory".into()],
        device: DeviceId::Cpu,
        seeds: 1,
        repeats: 20,
        shapes: vec![SHAPE.into()],
        peers,
        python: "/bin/sh".into(),
        scripts: folder.into(),
        out: folder.join("run"),
        resume: false,
        commit: "abc".into(),
        tune: false,
        ahead: 2,
        time: None,
        ours: env!("CARGO_BIN_EXE_robocache-bench").into(),
        command: "cargo xtask bench".into(),
        limits: Limits {
            work: Duration::from_secs(5),
            ..Limits::default()
        },
    }
}

fn parts(options: &Options) -> Vec<Part> {
    Folder::of(&options.out).read().unwrap()
}

#[test]
fn who_fails_is_left_out_with_a_reason_and_nobody_else_is() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let timing = r#"*'"runs":10'*"#;
    let peers = vec![
        peer(folder, "good", GOOD),
        peer(
            folder,
            "dies",
            &GOOD.replace(
                timing,
                r#"*'"runs":10'*) echo 'out of luck' >&2; exit 3 ;; X"#,
            ),
        ),
        peer(
            folder,
            "hangs",
            &GOOD.replace(timing, r#"*'"runs":10'*) sleep 60 ;; X"#),
        ),
        peer(
            folder,
            "babbles",
            &GOOD.replace(timing, r#"*'"runs":10'*) echo 'Warning: hot' ;; X"#),
        ),
        peer(folder, "miscounts", &GOOD.replace(",10]", "]")),
        peer(
            folder,
            "impossible",
            &GOOD.replace("[1,2,3,4,5,6", "[1,2,3,4,5,0"),
        ),
        peer(
            folder,
            "declines",
            &GOOD.replace(
                r#"{"opened":{"subjects":["NAME"]}}"#,
                r#"{"refused":"has no f32"}"#,
            ),
        ),
        peer(
            folder,
            "absent",
            "read -r line; echo '{\"refused\":\"No module named x\"}'; read -r line",
        ),
        peer(
            folder,
            "old",
            &GOOD.replace("\"protocol\":1", "\"protocol\":99"),
        ),
    ];
    let options = options(folder, peers);
    let begin = Instant::now();
    assert!(run(&options).unwrap());
    assert!(
        begin.elapsed() < Duration::from_secs(50),
        "somebody was waited for"
    );
    let part = parts(&options).remove(0).measured;
    let good = part
        .series
        .iter()
        .find(|series| series.contender == "good")
        .unwrap();
    assert_eq!((good.cold.len(), good.warm.len()), (20, 20));
    assert_eq!(
        good.cold[..10],
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    );
    let reason = |name: &str| {
        let found = part.left_out.iter().find(|left_out| left_out.name == name);
        found.map(|left_out| left_out.reason.as_str())
    };
    for (name, words) in [
        ("dies", "it died (exit status: 3): out of luck"),
        ("hangs", "it said nothing for 5 s"),
        ("babbles", "it answered nonsense: Warning: hot"),
        ("miscounts", "it answered nonsense"),
        ("impossible", "it answered nonsense"),
        ("declines", "has no f32"),
        ("absent", "No module named x"),
        ("old", "it answered nonsense"),
    ] {
        assert!(
            reason(name).is_some_and(|reason| reason.starts_with(words)),
            "{name}: {:?}",
            reason(name)
        );
        assert!(
            part.series.iter().all(|series| series.contender != name),
            "{name}"
        );
    }
    assert_eq!(part.left_out.len(), 8);
    let ours: Vec<_> = part
        .series
        .iter()
        .filter(|s| s.contender == "robocache")
        .collect();
    for subject in ["trajectory.scalar.cpu", "copy", "twin", "planted"] {
        let series = ours
            .iter()
            .find(|series| series.subject == subject)
            .unwrap();
        assert_eq!(
            (series.cold.len(), series.warm.len()),
            (20, 20),
            "{subject}"
        );
    }
    assert_eq!(part.state.versions["good"]["sh"], "1");
}

#[test]
fn a_run_goes_on_where_it_was_broken_off() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let slow = Peer {
        slow: true,
        ..peer(folder, "slow", GOOD)
    };
    let mut options = options(folder, vec![slow]);
    options.seeds = 3;
    options.repeats = 10;
    options.shapes.push("1x9x2->7 f64".into());
    // Time is up at once.
    options.time = Some(Duration::ZERO);
    assert!(!run(&options).unwrap());
    assert!(parts(&options).is_empty());
    options.time = None;
    assert!(run(&options).unwrap());
    let first = parts(&options);
    assert_eq!(first.len(), 6);
    let took_part = |seed| {
        let of = first.iter().filter(|part| part.measured.seed == seed);
        of.flat_map(|part| &part.measured.series)
            .filter(|s| s.contender == "slow")
            .count()
    };
    assert_eq!([took_part(1), took_part(2), took_part(3)], [2, 2, 0]);

    // Nothing is measured over what is there.
    assert!(run(&options).unwrap_err().to_string().contains("--resume"));
    options.resume = true;
    assert!(run(&options).unwrap());
    assert_eq!(parts(&options), first);
    let broken_off = options
        .out
        .join("parts/trajectory-seed-2-2x20x3-to-10-f32.json");
    std::fs::remove_file(&broken_off).unwrap();
    // Nor is anything put beside parts of another commit.
    options.commit = "def".into();
    assert!(
        run(&options)
            .unwrap_err()
            .to_string()
            .contains("another commit")
    );
    options.commit = "abc".into();
    assert!(run(&options).unwrap());
    let second = parts(&options);
    let changed = first.iter().zip(&second).filter(|(a, b)| a != b);
    let changed: Vec<_> = changed
        .map(|(part, _)| (part.measured.seed, &*part.measured.shape))
        .collect();
    assert_eq!(changed, [(2, SHAPE)]);
}

#[test]
fn what_is_not_known_is_an_error() {
    let temporary = tempfile::tempdir().unwrap();
    let mut options = options(temporary.path(), Vec::new());
    options.shapes = vec!["a lot".into()];
    assert!(format!("{:#}", run(&options).unwrap_err()).contains("BxSxD->T"));
    options.operations = vec!["magic".into()];
    options.resume = true;
    assert!(
        run(&options)
            .unwrap_err()
            .to_string()
            .contains("no operation magic")
    );
    options.operations.clear();
    options.ours = "/nowhere/at/all".into();
    assert!(format!("{:#}", run(&options).unwrap_err()).contains("cannot be started"));
}

#[test]
fn a_contender_that_leaves_is_noticed_whenever_it_does() {
    let start = |script: &str| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        Contender::new("x", Process::start(command))
    };
    let limits = Limits {
        start: Duration::from_secs(5),
        ..Limits::default()
    };
    let mut gone = start("exit 7");
    let failure = gone.greet(&limits).unwrap_err();
    assert!(
        matches!(&failure, Failure::Died { status, .. } if status.contains('7')),
        "{failure}"
    );
    assert!(!gone.is_alive());
    // Said again, and not waited for.
    assert_eq!(gone.greet(&limits).unwrap_err(), failure);
    // Its end is not waited for when it is not listened to any more.
    let begin = Instant::now();
    drop(start("trap '' TERM; sleep 30"));
    assert!(begin.elapsed() < Duration::from_secs(5));
}
