//! Times every variant that takes a shape, beside a memory copy of the same bytes.
//!
//! `cargo bench -p robocache-trajectory --bench variants -- [--device cpu|cuda:N] [--out FILE.json]`
//!
//! Inputs and outputs rotate through more memory than the caches hold, so that every run starts cold.
//! Device times are those of events around the launch, enqueued behind a long-running fill so that
//! the host is never waited for; host times are those of a loop of launches beside a loop of bare
//! `cuLaunchKernel` calls. The file keeps all raw samples.

mod host_cost;
mod on_cpu;
mod on_cuda;
mod report;
mod shapes;

use report::Report;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    // `cargo test --benches` runs this too; there is nothing to measure then.
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let device = value("--device").unwrap_or_else(|| "cpu".into());
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let mut report = Report::new(&device, value("--commit"));
    let result = match device.strip_prefix("cuda:").map(str::parse) {
        None => on_cpu::run(&mut report, quick),
        Some(Ok(ordinal)) => on_cuda::run(&mut report, ordinal, quick),
        Some(Err(_)) => panic!("{device} is no device: cpu or cuda:N"),
    };
    report.print();
    if let Some(path) = value("--out") {
        std::fs::write(&path, report.json()).expect("the report can be written");
        println!("raw samples in {path}");
    }
    result.expect("every measurement runs");
}
