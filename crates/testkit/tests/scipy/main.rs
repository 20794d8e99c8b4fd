//! The oracle against scipy, in float64: see `make.py`, which made `fixture.json`.

use robocache_core::DType;
use robocache_testkit::oracle::{
    Expected, Extrapolation, Kind, QuaternionOrder, Question, Span, Times, answers,
};
use serde_json::Value;

fn numbers(row: &Value, name: &str) -> Vec<f64> {
    let list = row[name].as_array().unwrap();
    list.iter().map(|number| number.as_f64().unwrap()).collect()
}

fn value(expected: &Expected) -> f64 {
    match expected {
        Expected::Exactly(number) => number.float(),
        Expected::Near { value, .. } => *value,
        Expected::Anything => panic!("anything"),
    }
}

#[test]
fn values_are_those_of_scipy() {
    let fixture: Value = serde_json::from_str(include_str!("fixture.json")).unwrap();
    let rows = fixture["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 200);
    for row in rows {
        let (kind, columns) = match row["kind"].as_str().unwrap() {
            "pchip" => (Kind::Pchip, 1),
            "cubic" => (Kind::Cubic, 1),
            "slerp" => {
                let order = QuaternionOrder::Xyzw;
                (Kind::Slerp { order }, 4)
            }
            other => panic!("{other}"),
        };
        let [values, results] = ["values", "results"].map(|name| numbers(row, name));
        let answers = answers(&Question {
            times: &Times::F64(numbers(row, "times")),
            targets: &Times::F64(numbers(row, "targets")),
            sample: &|i, column| values[i * columns + column].into(),
            spans: &[Span { columns, kind }],
            in_dtype: DType::F64,
            out_dtype: DType::F64,
            extrapolation: Extrapolation::Error,
            offset: None,
            tolerance: None,
            max_gap: None,
            invalid_fills: false,
            fill: 0.0,
        });
        let largest = results.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        assert_eq!(answers.len() * columns, results.len());
        for (answer, expected) in answers.iter().zip(results.chunks(columns)) {
            assert_eq!(answer.mask, Some(true));
            let found: Vec<f64> = answer.values.iter().map(value).collect();
            // A quaternion and its negative are one rotation; scipy chooses another one than we do.
            let dot: f64 = found.iter().zip(expected).map(|(a, b)| a * b).sum();
            let sign = if columns == 4 { dot.signum() } else { 1.0 };
            for (found, expected) in found.iter().zip(expected) {
                let difference = (sign * found - expected).abs();
                assert!(
                    difference <= 1e-12 * largest,
                    "{found:e}, not {expected:e}: {row}"
                );
            }
        }
    }
}
