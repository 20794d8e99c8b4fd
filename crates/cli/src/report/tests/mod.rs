//! Is the page whole, and does it stay so with data that nobody hoped for?

mod markup;

use super::*;
use markup::assert_well_formed;

fn grid(count: usize, hz: f64) -> Vec<f64> {
    (0..count).map(|i| i as f64 / hz).collect()
}

fn column<'a>(name: &'a str, times: &'a [f64], values: &'a [f64]) -> ColumnReport<'a> {
    ColumnReport {
        name,
        unit: "rad",
        source_times: times,
        source_values: values,
        target_times: times,
        target_values: values,
        ..ColumnReport::default()
    }
}

fn page(columns: Vec<ColumnReport<'_>>) -> String {
    Report {
        title: "A title".to_owned(),
        streams: vec![StreamReport {
            name: "arm".to_owned(),
            columns,
        }],
        ..Report::default()
    }
    .render()
}

#[test]
fn a_full_page_is_well_formed_and_self_contained() {
    let times = grid(500, 100.0);
    let values: Vec<f64> = times.iter().map(|t| t.sin()).collect();
    let mask: Vec<bool> = (0..500).map(|i| !(200..240).contains(&i)).collect();
    let run = Run {
        device: "NVIDIA H200".to_owned(),
        variant: "trajectory.wide.sm80".to_owned(),
        shape: "64 × 16".to_owned(),
        micros: 12.5,
        gigabytes_per_second: 3000.0,
        copy_gigabytes_per_second: 4000.0,
    };
    let html = Report {
        title: "Title".to_owned(),
        subtitle: "What is shown.".to_owned(),
        runs: vec![run],
        streams: vec![StreamReport {
            name: "arm".to_owned(),
            columns: vec![
                ColumnReport {
                    mask: Some(&mask),
                    ..column("joint", &times, &values)
                },
                ColumnReport {
                    step: true,
                    ..column("flag", &times, &values)
                },
            ],
        }],
        notes: vec!["A note.".to_owned()],
        ..Report::default()
    }
    .render();
    assert_well_formed(&html);
    for text in [
        "<h1>Title</h1>",
        "What is shown.",
        "12.5\u{a0}\u{b5}s",
        "75\u{202f}% of 4\u{202f}000\u{a0}GB/s",
        "width:75.0%",
        "40 points not valid",
        "step signal",
        "<p>A note.</p>",
    ] {
        assert!(html.contains(text), "{text} is missing");
    }
    // A clock and two columns, each as a whole and close up, and all of them named.
    assert_eq!(html.matches("<svg class=\"plot\"").count(), 6);
    assert_eq!(html.matches("role=\"img\" aria-label=\"").count(), 6);
    for outside in ["src=", "href=\"h", "url(", "@import", "//cdn", "<link"] {
        assert!(!html.contains(outside), "{outside} reaches outside");
    }
}

#[test]
fn a_scan_is_a_picture_and_figures_of_the_page_itself() {
    let run = |speed| Run {
        device: "CPU".to_owned(),
        variant: "voxelize.partition.cpu".to_owned(),
        shape: "8 × 100".to_owned(),
        micros: 1500.0,
        gigabytes_per_second: speed,
        copy_gigabytes_per_second: 10.0,
    };
    let report = Report {
        scan: Some(ScanReport {
            title: "A street & more".to_owned(),
            facts: "100 points.".to_owned(),
            picture: b"foobar".to_vec(),
            label: "From \"above\"".to_owned(),
            runs: vec![run(1.0), run(2.5)],
            notes: vec!["Same bits.".to_owned()],
        }),
        ..Report::default()
    };
    let html = report.render();
    assert_well_formed(&html);
    for text in [
        "<h2>A street &amp; more</h2>",
        "<p class=\"facts\">100 points.</p>",
        "<img alt=\"From &quot;above&quot;\" src=\"data:image/png;base64,Zm9vYmFy\"/>",
        "25\u{202f}% of 10.0\u{a0}GB/s",
        "voxelize.partition.cpu",
        "<p class=\"facts\">Same bits.</p>",
    ] {
        assert!(html.contains(text), "{text} is missing");
    }
    // Nothing comes from elsewhere, and nothing is shown that is not there.
    assert_eq!(html.matches("src=").count(), 1);
    let without = Report {
        scan: Some(ScanReport::default()),
        ..Report::default()
    };
    let html = without.render();
    assert_well_formed(&html);
    assert!(html.contains("id=\"scan\"") && !html.contains("<img") && !html.contains("<table"));
}

#[test]
fn all_text_is_escaped() {
    let evil = "</svg><script>alert('&\"')</script>";
    let times = grid(50, 10.0);
    let html = Report {
        title: evil.to_owned(),
        subtitle: evil.to_owned(),
        runs: vec![Run {
            device: evil.to_owned(),
            variant: evil.to_owned(),
            shape: evil.to_owned(),
            micros: 1.0,
            gigabytes_per_second: 1.0,
            copy_gigabytes_per_second: 1.0,
        }],
        streams: vec![StreamReport {
            name: evil.to_owned(),
            columns: vec![ColumnReport {
                unit: evil,
                ..column(evil, &times, &times)
            }],
        }],
        scan: Some(ScanReport {
            title: evil.to_owned(),
            facts: evil.to_owned(),
            picture: vec![0],
            label: evil.to_owned(),
            notes: vec![evil.to_owned()],
            ..ScanReport::default()
        }),
        notes: vec![evil.to_owned()],
    }
    .render();
    assert_well_formed(&html);
    assert!(!html.contains("alert('"));
    assert_eq!(html.matches("<script>").count(), 1);
    assert!(html.contains("&lt;script&gt;alert(&#39;&amp;&quot;&#39;)"));
}

#[test]
fn an_empty_report_is_a_page() {
    assert_well_formed(&Report::default().render());
    let html = page(vec![]);
    assert_well_formed(&html);
    assert!(html.contains("no columns"));
    let html = page(vec![column("x", &[], &[])]);
    assert_well_formed(&html);
    assert!(html.contains("no samples"));
}

#[test]
fn values_that_are_not_finite_leave_holes() {
    let times = grid(10, 10.0);
    let mut values = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
    values[5] = f64::NAN;
    let html = page(vec![column("x", &times, &values)]);
    assert_well_formed(&html);
    assert!(html.contains("1 sample without a value"));
    let line = |html: &str, start: &str| {
        let from = html.rfind(start).map(|at| at + start.len());
        let line = from.and_then(|from| html[from..].split('"').next());
        line.map(str::to_owned).unwrap_or_default()
    };
    let drawn = line(&html, "<g class=\"before\"><path class=\"line\" d=\"");
    assert_eq!(drawn.matches('M').count(), 2, "{drawn}");
}

#[test]
fn odd_columns_plot_sensibly() {
    let times = grid(20, 10.0);
    let nan = [f64::NAN; 20];
    let epoch: Vec<f64> = times.iter().map(|t| t + 1.7e9).collect();
    let huge: Vec<f64> = (0..20)
        .map(|i| if i % 2 == 0 { f64::MAX } else { f64::MIN })
        .collect();
    let backwards: Vec<f64> = times.iter().rev().copied().collect();
    for (name, times, values) in [
        ("all missing", &times[..], &nan[..]),
        ("constant", &times, &[3.25; 20]),
        ("zero", &times, &[0.0; 20]),
        ("one sample", &times[..1], &[7.0]),
        ("two samples", &times[..2], &[7.0, 8.0]),
        ("an epoch", &epoch, &times),
        ("huge", &times, &huge),
        ("tiny", &times, &[5e-324; 20]),
        ("backwards", &backwards, &times),
        ("one moment", &[4.0; 20], &times),
        ("few values", &times, &times[..3]),
        ("few times", &times[..3], &times),
        ("no times", &nan, &times),
        (
            "infinite times",
            &[f64::INFINITY, 1.0, f64::NEG_INFINITY],
            &times,
        ),
        ("far times", &[f64::MIN, 0.0, f64::MAX], &times),
    ] {
        for step in [false, true] {
            let html = page(vec![ColumnReport {
                step,
                mask: Some(&[false, true]),
                ..column(name, times, values)
            }]);
            assert_well_formed(&html);
            let marks = html.matches("class=\"line\"").count();
            let plots = html.matches("<svg class=\"plot\"").count();
            match name {
                "all missing" => {
                    assert!(html.contains("nothing recorded") && plots == 4);
                    assert_eq!(html.matches(">no values</text>").count(), 2);
                }
                "no times" => assert!(html.contains("no samples") && plots == 0),
                _ => assert!(
                    marks >= 4 && plots == 4,
                    "{name}: {marks} lines, {plots} plots"
                ),
            }
        }
    }
    let html = page(vec![column("constant", &times, &[3.25; 20])]);
    assert!(html.contains("always 3.250"));
}

#[test]
fn source_and_target_need_not_be_alike() {
    let (source, target) = (grid(100, 100.0), grid(7, 3.0));
    let html = page(vec![
        ColumnReport {
            target_times: &target,
            target_values: &target,
            ..column("both", &source, &source)
        },
        ColumnReport {
            target_times: &[],
            target_values: &[],
            ..column("before only", &source, &source)
        },
        ColumnReport {
            source_times: &[],
            source_values: &[],
            ..column("after only", &target, &target)
        },
    ]);
    assert_well_formed(&html);
    assert!(html.contains("100 samples recorded over 990\u{a0}ms, 7 points after."));
}

#[test]
fn gaps_are_shaded_named_and_not_bridged() {
    let mut times = grid(1000, 100.0);
    times.drain(300..341);
    let html = page(vec![ColumnReport {
        target_times: &[],
        target_values: &[],
        ..column("x", &times, &times)
    }]);
    assert_well_formed(&html);
    // In the whole plot and the close look of the clock and of the column.
    assert_eq!(html.matches("<rect class=\"gap\"").count(), 4);
    assert!(html.contains("420\u{a0}ms gap"));
    assert!(html.contains("1 gap in the recording, the widest 420\u{a0}ms at 2.99\u{a0}s."));
    let line = html
        .split("<path class=\"line\" d=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_default();
    assert_eq!(line.matches('M').count(), 2, "the line crosses the gap");
}

#[test]
fn a_spike_among_many_samples_stays_visible() {
    let times = grid(100_000, 1000.0);
    let mut values: Vec<f64> = times.iter().map(|t| 0.01 * t.sin()).collect();
    values[12_345] = 9.0;
    let html = page(vec![column("x", &times, &values)]);
    let line = html
        .split("<g class=\"after\"><path class=\"line\" d=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_default();
    let highest = line
        .split([' ', 'M'])
        .filter_map(|pair| pair.split_once(',')?.1.parse().ok())
        .fold(f64::INFINITY, f64::min);
    let lowest = line
        .split([' ', 'M'])
        .filter_map(|pair| pair.split_once(',')?.1.parse().ok())
        .fold(0.0, f64::max);
    assert!(
        lowest - highest > 85.0,
        "the spike is {} high",
        lowest - highest
    );
}

#[test]
fn long_logs_make_small_pages() {
    const SAMPLES: usize = 100_000;
    let times = grid(SAMPLES, 1000.0);
    // Noise, which no thinning makes smaller, with holes and a mask that is full of them.
    let mut state = 1u64;
    let noise: Vec<f64> = (0..SAMPLES)
        .map(|i| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            match i % 1009 {
                0 => f64::NAN,
                _ => (state >> 40) as f64,
            }
        })
        .collect();
    let mask: Vec<bool> = (0..SAMPLES).map(|i| i % 3 != 0).collect();
    let columns = (0..20)
        .map(|index| ColumnReport {
            step: index % 2 == 0,
            mask: Some(&mask),
            ..column("noise", &times, &noise)
        })
        .collect();
    let html = page(columns);
    assert_well_formed(&html);
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
}

#[test]
fn runs_without_a_number_have_a_dash() {
    let run = |speed, copy, micros| Run {
        device: "CPU".to_owned(),
        variant: "cpu".to_owned(),
        shape: String::new(),
        micros,
        gigabytes_per_second: speed,
        copy_gigabytes_per_second: copy,
    };
    let html = Report {
        runs: vec![
            run(f64::NAN, 10.0, f64::INFINITY),
            run(5.0, 0.0, -1.0),
            run(f64::INFINITY, f64::NAN, f64::NAN),
        ],
        ..Report::default()
    }
    .render();
    assert_well_formed(&html);
    assert!(html.contains("copy: 10.0\u{a0}GB/s"));
    assert_eq!(html.matches("width:50.0%").count(), 1);
    assert!(html.contains("<b>\u{2013}</b>"));
}

#[test]
fn writing_replaces_the_page_and_leaves_nothing_else() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("page.html");
    fs::write(&path, "old").expect("written");
    let report = Report {
        title: "New".to_owned(),
        ..Report::default()
    };
    report.write(&path).expect("written");
    assert_eq!(fs::read_to_string(&path).expect("read"), report.render());
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1);

    // A directory cannot be replaced by a file: an error, and no file is left behind.
    let taken = dir.path().join("taken");
    fs::create_dir(&taken).expect("made");
    fs::write(taken.join("x"), "x").expect("written");
    assert!(report.write(&taken).is_err());
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 2);

    assert!(report.write(dir.path().join("missing/page.html")).is_err());
    let error = report.write("/").expect_err("no file name");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
