//! The tables as CSV: a line for each shape, subject and state of the caches.

use super::rows::{Analysis, Timed};
use std::fmt::Write as _;

const HEAD: &str = "operation,device,shape,bytes,contender,subject,chosen,clock,samples,mean_us,deviation_us,\
    p50_us,p50_low_us,p50_high_us,p99_us,p99_low_us,p99_high_us,gigabytes_per_second,copy_over_time,\
    copy_over_time_low,copy_over_time_high,time_over_ours,time_over_ours_low,time_over_ours_high\n";

/// All of it.
pub fn csv(analysis: &Analysis<'_>) -> String {
    let mut text = HEAD.to_owned();
    let device = super::markdown::device(analysis).replace(',', ";");
    for shape in &analysis.shapes {
        for subject in &shape.subjects {
            let chosen = match () {
                () if subject.name == shape.untuned => "untuned",
                () if Some(&subject.name) == shape.tuned.as_ref() => "tuned",
                () => "",
            };
            let clocks: [(&str, Option<&Timed>); 3] = [
                ("cold", Some(&subject.cold)),
                ("warm", subject.warm.as_ref()),
                ("host", subject.host.as_ref()),
            ];
            for (clock, timed) in clocks {
                let Some(timed) = timed else { continue };
                let (summary, of) = (&timed.summary, &timed.estimates);
                let _ = write!(
                    text,
                    "{},{device},{},{:.0},{},{},{chosen},{clock},{}",
                    analysis.file.operation,
                    shape.name,
                    shape.bytes,
                    subject.contender,
                    subject.name,
                    summary.count
                );
                let numbers = [
                    summary.mean,
                    summary.deviation,
                    summary.p50,
                    of.p50.low,
                    of.p50.high,
                    summary.p99,
                    of.p99.low,
                    of.p99.high,
                ];
                numbers
                    .iter()
                    .for_each(|number| text += &format!(",{number:.3}"));
                if clock == "host" {
                    // Bytes do not move on the host.
                    text += ",,,,,,,\n";
                    continue;
                }
                let _ = write!(text, ",{:.1}", shape.speed(timed));
                for ratios in [&subject.of_copy, &subject.to_ours] {
                    match ratios.as_ref().filter(|_| clock == "cold").map(|of| of.p50) {
                        Some(of) => {
                            text += &format!(",{:.4},{:.4},{:.4}", of.value, of.low, of.high)
                        }
                        None => text += ",,,",
                    }
                }
                text.push('\n');
            }
        }
    }
    text
}
