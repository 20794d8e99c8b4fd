//! Tables and samples agree, and a disagreement is found.

use robocache_bench::report::{Places, check, write};
use robocache_bench::results::ResultFile;
use robocache_bench::results::part::{FORMAT, LeftOut, Measured, Series};
use robocache_bench::stats::random::Random;
use std::path::Path;

#[test]
fn the_readme_and_the_tables_are_those_of_the_samples() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    check(&Places::of(&repository)).unwrap();
}

/// Three seeds of two shapes with known medians: 20 µs where a copy takes 18, and a rival 50.
fn example() -> ResultFile {
    let mut random = Random::new(1);
    let mut about = |centre: f64| -> Vec<f64> {
        let mut sample = || centre * (0.999 + 0.002 * (random.below(1001) as f64 / 1000.0));
        (0..51).map(|_| sample()).collect()
    };
    let mut file = ResultFile {
        format: FORMAT,
        operation: "trajectory".into(),
        ..ResultFile::default()
    };
    file.setup.device = "cuda:0".into();
    file.setup
        .facts
        .insert("model".into(), "NVIDIA Example".into());
    file.setup.commit = "0123456789ab".into();
    for shape in ["8x250x128->125 f32", "64x1000x512->500 f32"] {
        for seed in 1..=3 {
            let mut series = |contender: &str, subject: &str, centre: f64| Series {
                contender: contender.into(),
                subject: subject.into(),
                differs: String::new(),
                cold: about(centre),
                warm: about(0.5 * centre),
                host: about(2.0),
            };
            let series = vec![
                series("robocache", "trajectory.wide.sm80", 20.0),
                series("robocache", "copy", 18.0),
                series("robocache", "twin", 20.0),
                series("robocache", "planted", 21.2),
                series("torch", "torch", 50.0),
            ];
            let mut measured = Measured {
                shape: shape.into(),
                seed,
                bytes: 40_000_000,
                untuned: "trajectory.wide.sm80".into(),
                series,
                ..Measured::default()
            };
            measured.state.command = "cargo xtask bench --device cuda:0".into();
            measured.left_out.push(LeftOut {
                name: "triton".into(),
                reason: "No module named 'triton'".into(),
            });
            file.parts.push(measured);
        }
    }
    file
}

fn places(folder: &Path) -> Places {
    std::fs::create_dir_all(folder.join("results")).unwrap();
    let readme = "# x\n<!-- bench:begin -->\n<!-- bench:end -->\nend\n";
    std::fs::write(folder.join("README.md"), readme).unwrap();
    Places {
        results: folder.join("results"),
        readme: folder.join("README.md"),
        link: "results".into(),
    }
}

#[test]
fn the_tables_say_what_the_samples_do() {
    let temporary = tempfile::tempdir().unwrap();
    let places = places(temporary.path());
    let keep = |file: &ResultFile| {
        std::fs::write(
            places.results.join("trajectory-nvidia-example.json"),
            file.text().unwrap(),
        )
        .unwrap();
    };
    keep(&example());
    assert!(check(&places).is_err());
    assert_eq!(write(&places).unwrap().len(), 6);
    check(&places).unwrap();

    let read = |name: &str| std::fs::read_to_string(temporary.path().join(name)).unwrap();
    let readme = read("README.md");
    // 40 MB in 20 µs are 2000 GB/s.
    let row = "| 64x1000x512->500 f32 | 40.0 | wide.sm80 | 20.0 | 20.0–20.0 | 20.0 | 2000 | 0.90 | 2.50 |";
    let found = readme
        .lines()
        .find(|line| line.starts_with("| 64x1000"))
        .unwrap();
    assert_eq!(found, row);
    assert!(readme.contains("- A/A: same (") && readme.contains("0 of 2 shapes fail"));
    assert!(
        readme.contains("- planted 6 %: found (") && readme.contains("by itself in 2 of 2 shapes")
    );
    assert!(readme.starts_with("# x\n") && readme.ends_with("-->\nend\n"));
    let page = read("results/trajectory-nvidia-example.md");
    assert!(page.contains("- triton: No module named 'triton' (all shapes)"));
    assert!(page.contains("3 seeds of 51 runs") && page.contains("commit 0123456789ab"));
    let table = read("results/trajectory-nvidia-example.csv");
    assert_eq!(table.lines().count(), 1 + 2 * 5 * 3);
    let fields = table.lines().next().unwrap().split(',').count();
    assert!(
        table.lines().all(|line| line.split(',').count() == fields),
        "{table}"
    );
    for plot in ["copy", "rivals", "bytes"] {
        let plot = read(&format!("results/trajectory-nvidia-example-{plot}.svg"));
        assert!(
            plot.contains("torch") && !plot.contains("NaN") && !plot.contains("inf"),
            "{plot}"
        );
    }

    assert!(!page.contains("others than ours") && !readme.contains("another result"));

    // A rival that does something else is marked, and what it does is told.
    let mut other = example();
    other.parts[0].series[4].differs = "means of coordinates alone".into();
    keep(&other);
    write(&places).unwrap();
    let page = read("results/trajectory-nvidia-example.md");
    assert!(page.contains("## Whose results are others than ours\n\n- torch: means of coordinates alone (8x250x128->125 f32)\n"));
    for text in [page, read("README.md")] {
        assert!(text.contains(" torch\\* |") && text.contains("\\* has another result than ours"));
    }

    // A slow-down, and a variant that is not the same as itself, are told as such.
    let mut worse = example();
    for series in worse.parts.iter_mut().flat_map(|part| &mut part.series) {
        match series.subject.as_str() {
            "twin" => series.cold.iter_mut().for_each(|time| *time *= 1.2),
            "planted" => series.cold.iter_mut().for_each(|time| *time /= 1.06),
            _ => {}
        }
    }
    keep(&worse);
    write(&places).unwrap();
    assert!(
        read("README.md").contains("- A/A: not the same (")
            && read("README.md").contains("- planted 6 %: not found (")
    );
}

#[test]
fn every_disagreement_is_found() {
    let temporary = tempfile::tempdir().unwrap();
    let places = places(temporary.path());
    let samples = places.results.join("trajectory-nvidia-example.json");
    let text = example().text().unwrap();
    std::fs::write(&samples, &text).unwrap();
    write(&places).unwrap();
    let edited = |path: &Path, from: &str, to: &str| {
        let before = std::fs::read_to_string(path).unwrap();
        assert!(before.contains(from), "{from}");
        std::fs::write(path, before.replacen(from, to, 1)).unwrap();
        let fault = format!("{:#}", check(&places).unwrap_err());
        std::fs::write(path, before).unwrap();
        check(&places).unwrap();
        fault
    };
    assert!(edited(&places.readme, "| 0.90 |", "| 0.99 |").contains("README.md differs in line"));
    assert!(
        edited(
            &places.results.join("trajectory-nvidia-example.csv"),
            "cold",
            "warm"
        )
        .contains(".csv")
    );
    assert!(
        edited(
            &places.results.join("trajectory-nvidia-example-copy.svg"),
            "0.90",
            "0.95"
        )
        .contains(".svg")
    );
    // Samples that are all a little faster.
    let faster = text.replace("[19.", "[18.");
    std::fs::write(&samples, faster).unwrap();
    assert!(check(&places).is_err());
    std::fs::write(&samples, &text).unwrap();
    // Tables of samples that are gone.
    std::fs::write(places.results.join("trajectory-gone.md"), "").unwrap();
    assert!(format!("{:#}", check(&places).unwrap_err()).contains("made from nothing"));
    write(&places).unwrap();
    check(&places).unwrap();
    // A file under another device's name.
    std::fs::rename(
        &samples,
        places.results.join("trajectory-nvidia-other.json"),
    )
    .unwrap();
    assert!(format!("{:#}", check(&places).unwrap_err()).contains("should be called"));
}
