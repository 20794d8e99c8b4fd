//! How is it said in plain words?

use super::findings::{Choices, Device, Findings, Variant};
use crate::console::{self, bytes, count, duration, table};
use std::fmt::Write;

/// The findings for a person.
pub(super) fn describe(findings: &Findings) -> String {
    let mut text = format!("robocache {}\n\n", findings.version);
    for (label, words) in facts(findings) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{label:<16}{words}");
    }
    text.push('\n');
    text.push_str(&variants(findings));
    text.push('\n');
    text.push_str(&verdict(findings));
    text
}

fn facts(findings: &Findings) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut say = |label: &str, words: String| facts.push((label.to_owned(), words));
    let has = |yes: bool| if yes { "yes" } else { "no" };
    let cpu = &findings.cpu;
    say(
        "CPU",
        format!(
            "{} thread{}, AVX2 {}, AVX-512 {}",
            cpu.threads,
            if cpu.threads == 1 { "" } else { "s" },
            has(cpu.avx2),
            has(cpu.avx512)
        ),
    );
    let driver = &findings.driver;
    say(
        "CUDA driver",
        match (&driver.cuda_version, &driver.problem) {
            (_, Some(problem)) => problem.replace("no CUDA driver: ", "none: "),
            (Some(version), None) => {
                let devices = driver.devices;
                let plural = if devices == 1 { "" } else { "s" };
                format!("supports CUDA {version}, {devices} device{plural}")
            }
            (None, None) => "usable".to_owned(),
        },
    );
    for device in findings.devices.iter().skip(1) {
        say(&device.id, describe_device(device));
    }
    for device in &findings.devices {
        if let Some(choices) = &device.choices {
            say(&format!("Choices {}", device.id), describe_choices(choices));
        }
    }
    let nvrtc = &findings.nvrtc;
    say(
        "NVRTC",
        match (&nvrtc.version, &nvrtc.found, &nvrtc.problem) {
            (Some(version), Some(found), _) => format!("{version}, {found}"),
            (_, _, problem) => {
                let problem = problem.as_deref().unwrap_or_default();
                problem.replace("NVRTC (libnvrtc.so", "none: (libnvrtc.so")
            }
        },
    );
    let images = &findings.embedded_images;
    say(
        "Images",
        if images.count == 0 {
            "none embedded: NVRTC compiles a kernel when it is first used".to_owned()
        } else {
            let all: Vec<String> = images.architectures.iter().map(u32::to_string).collect();
            format!("{} embedded, for sm_{}", images.count, all.join(", sm_"))
        },
    );
    let cache = &findings.kernel_cache;
    say(
        "Kernel cache",
        match (&cache.path, &cache.problem) {
            (Some(path), None) => format!(
                "{path}, {} file{}, {}",
                count(cache.files),
                if cache.files == 1 { "" } else { "s" },
                bytes(cache.bytes)
            ),
            (Some(path), Some(problem)) => format!("{path}: {problem}"),
            (None, problem) => problem.clone().unwrap_or_default(),
        },
    );
    facts
}

fn describe_choices(choices: &Choices) -> String {
    let Choices {
        mode,
        measured,
        defaults,
    } = choices;
    let kinds = console::counted(*measured, "kind");
    let measured = match measured {
        0 => "nothing measured here (`robocache tune` does)".to_owned(),
        _ => format!("{kinds} of problem measured here"),
    };
    let defaults = match defaults {
        Some(with) => format!("defaults of this model measured with {with}"),
        None => "no defaults of this model: rules of thumb".to_owned(),
    };
    format!("{measured}; {defaults}; mode {mode}")
}

fn describe_device(device: &Device) -> String {
    match (&device.cuda, &device.problem) {
        (Some(cuda), None) => format!(
            "{}, compute capability {}, {} multiprocessors, {} of memory{}, L2 {}",
            device.name,
            cuda.compute_capability,
            cuda.multiprocessors,
            bytes(cuda.memory_bytes),
            cuda.free_bytes
                .map_or(String::new(), |free| format!(" ({} free)", bytes(free))),
            bytes(cuda.l2_bytes)
        ),
        (_, problem) => problem.clone().unwrap_or_default(),
    }
}

fn variants(findings: &Findings) -> String {
    let mut rows = Vec::new();
    for device in &findings.devices {
        rows.extend(device.variants.iter().map(|v| row(&device.id, v)));
    }
    rows.extend(findings.without_device.iter().map(|v| row("-", v)));
    table(
        &["DEVICE", "VARIANT", "SELF-TEST", "TIME", "GB/S"],
        &[3, 4],
        &rows,
    )
}

fn row(device: &str, variant: &Variant) -> Vec<String> {
    let test = variant.self_test.as_ref();
    let (outcome, time, speed) = match test {
        Some(test) if test.passed => (
            "passed".to_owned(),
            test.micros.map(duration).unwrap_or_default(),
            test.gigabytes_per_second
                .map_or(String::new(), |speed| format!("{speed:.1}")),
        ),
        Some(_) => ("FAILED, see below".to_owned(), String::new(), String::new()),
        None => (
            format!("not here: {}", variant.reason.as_deref().unwrap_or("")),
            String::new(),
            String::new(),
        ),
    };
    vec![
        device.to_owned(),
        variant.id.to_owned(),
        outcome,
        time,
        speed,
    ]
}

fn verdict(findings: &Findings) -> String {
    let mut text = String::new();
    for device in &findings.devices {
        for variant in device.variants.iter().filter(|variant| variant.failed()) {
            let reason = variant.reason.as_deref().unwrap_or("");
            let _ = writeln!(text, "{} failed on {}: {reason}", variant.id, device.id);
        }
    }
    let gpus = findings.devices.iter().skip(1);
    let usable: Vec<&str> = gpus
        .filter(|device| device.variants.iter().any(|variant| variant.usable))
        .map(|device| device.id.as_str())
        .collect();
    text.push_str(&match (findings.healthy, usable.as_slice()) {
        (false, _) => "Something is wrong here; see what failed above.\n".to_owned(),
        (true, []) => "Everything runs on the CPU here.\n".to_owned(),
        (true, usable) => format!("Ready on the CPU and on {}.\n", usable.join(", ")),
    });
    text
}

#[cfg(test)]
mod tests {
    use super::super::findings::{Cache, Cpu, Driver, Images, Nvrtc, SelfTest};
    use super::*;

    fn findings(variants: Vec<Variant>) -> Findings {
        Findings {
            version: "1.2.3",
            healthy: !variants.iter().any(Variant::failed),
            cpu: Cpu {
                threads: 2,
                avx2: true,
                avx512: false,
            },
            driver: Driver {
                usable: false,
                cuda_version: None,
                devices: 0,
                problem: Some("no CUDA driver: install one".into()),
            },
            nvrtc: Nvrtc {
                usable: true,
                version: Some("12.9".into()),
                found: Some("libnvrtc.so.12".into()),
                problem: None,
            },
            kernel_cache: Cache {
                path: Some("/cache".into()),
                writable: true,
                files: 3,
                bytes: 2_000,
                problem: None,
            },
            embedded_images: Images {
                count: 2,
                architectures: vec![80, 90],
            },
            devices: vec![Device {
                id: "cpu".into(),
                name: "CPU".into(),
                cuda: None,
                problem: None,
                choices: Some(Choices {
                    mode: "cached",
                    measured: 3,
                    defaults: None,
                }),
                variants,
            }],
            without_device: vec![Variant::refused("op.wide.sm80", "no CUDA driver")],
        }
    }

    fn with_test(passed: bool) -> Variant {
        Variant {
            id: "op.scalar.cpu",
            usable: passed,
            reason: (!passed).then(|| "row 3 is wrong".into()),
            self_test: Some(SelfTest {
                passed,
                micros: Some(12.5),
                gigabytes_per_second: Some(3.25),
                failure: None,
            }),
        }
    }

    #[test]
    fn what_is_found_is_said() {
        let text = describe(&findings(vec![with_test(true)]));
        for words in [
            "robocache 1.2.3",
            "2 threads, AVX2 yes, AVX-512 no",
            "install one",
            "12.9, libnvrtc.so.12",
            "2 embedded, for sm_80, sm_90",
            "/cache, 3 files, 2.0 kB",
            "3 kinds of problem measured here; no defaults of this model",
            "op.scalar.cpu  passed",
            "12.5 µs",
            "op.wide.sm80   not here: no CUDA driver",
            "Everything runs on the CPU here.",
        ] {
            assert!(text.contains(words), "{words:?} is not in\n{text}");
        }
    }

    #[test]
    fn a_failure_is_said_with_its_reason() {
        let text = describe(&findings(vec![with_test(false)]));
        assert!(text.contains("FAILED"), "{text}");
        assert!(
            text.contains("op.scalar.cpu failed on cpu: row 3 is wrong"),
            "{text}"
        );
        assert!(text.contains("Something is wrong here"), "{text}");
    }
}
