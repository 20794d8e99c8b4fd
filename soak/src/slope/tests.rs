use super::*;
use random::Random;

/// SplitMix64, so that the tests depend on nothing.
mod random {
    pub struct Random(pub u64);

    impl Random {
        pub fn unit(&mut self) -> f64 {
            self.0 = crate::seed::mix(self.0.wrapping_add(1));
            (self.0 >> 11) as f64 / (1u64 << 53) as f64
        }

        /// About normal, of deviation 1 (Irwin and Hall).
        pub fn normal(&mut self) -> f64 {
            (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
        }
    }
}

fn line(n: usize, of: impl Fn(f64) -> f64) -> Vec<Point> {
    (0..n).map(|i| (i as f64, of(i as f64))).collect()
}

#[test]
fn known_answers() {
    let exact = theil_sen(&[line(30, |t| 2.0 + 0.5 * t)], SURE).unwrap();
    assert_eq!((exact.value, exact.low, exact.high), (0.5, 0.5, 0.5));
    let constant = theil_sen(&[vec![(0.0, 7.0), (1.0, 7.0), (2.0, 7.0)]], SURE).unwrap();
    assert_eq!(
        (constant.value, constant.low, constant.high),
        (0.0, 0.0, 0.0)
    );
    // Checked by hand: 15 pairs, of which two have tied values.
    let points = vec![
        (1.0, 10.0),
        (2.0, 22.0),
        (3.0, 21.0),
        (4.0, 30.0),
        (5.0, 22.0),
        (6.0, 30.0),
    ];
    let mut by_hand = Vec::new();
    for i in 0..6 {
        for j in i + 1..6 {
            by_hand.push((points[j].1 - points[i].1) / (points[j].0 - points[i].0));
        }
    }
    by_hand.sort_by(f64::total_cmp);
    assert_eq!(by_hand[7], 3.0);
    let slope = theil_sen(&[points], 1.0).unwrap();
    assert_eq!(slope.value, 3.0);
    // Two pairs of ties: (6*5*17 - 2 * 2*1*9) / 18 = 26.33, its root 5.13; ranks 3.93 and 10.07 from 0.
    let low = by_hand[3] + 0.934 * (by_hand[4] - by_hand[3]);
    assert!((slope.low - low).abs() < 0.01, "{slope:?} {low}");
    let high = by_hand[10] + 0.066 * (by_hand[11] - by_hand[10]);
    assert!((slope.high - high).abs() < 0.01, "{slope:?} {high}");
    assert_eq!(theil_sen(&[], SURE), None);
    assert_eq!(
        theil_sen(&[vec![(1.0, 1.0), (1.0, 2.0), (1.0, 4.0)]], SURE),
        None
    );
}

#[test]
fn outliers_do_not_move_it() {
    let mut points = line(100, |t| 3.0 * t);
    for i in (0..100).step_by(7) {
        points[i].1 += 1e6;
    }
    let slope = theil_sen(&[points], SURE).unwrap();
    assert!((slope.value - 3.0).abs() < 0.5, "{slope:?}");
}

#[test]
fn runs_are_pooled_without_pairs_across_them() {
    // Each falls; one after the other they rise.
    let groups: Vec<_> = (0..4)
        .map(|run| line(12, |t| 100.0 * f64::from(run) - t))
        .collect();
    let slope = theil_sen(&groups, SURE).unwrap();
    assert_eq!((slope.value, slope.high), (-1.0, -1.0));
    let noisy = |random: &mut Random| {
        (0..12)
            .map(|i| (f64::from(i), random.normal()))
            .collect::<Vec<_>>()
    };
    let random = &mut Random(5);
    let one = theil_sen(&[noisy(random)], SURE).unwrap();
    let many: Vec<_> = (0..16).map(|_| noisy(random)).collect();
    let many = theil_sen(&many, SURE).unwrap();
    assert!(many.high - many.low < 0.5 * (one.high - one.low));
}

/// How often the interval's lower end lies above zero, of 1000 series without a trend.
fn false_alarms(correlation: f64) -> usize {
    (0..1000)
        .filter(|seed| {
            let mut random = Random(seed * 7919);
            let mut value = 0.0;
            let points: Vec<_> = (0..48)
                .map(|i| {
                    value = correlation * value + random.normal();
                    (f64::from(i), value)
                })
                .collect();
            theil_sen(&[points], SURE).unwrap().low > 0.0
        })
        .count()
}

#[test]
fn noise_is_seldom_taken_for_a_rise() {
    // 0.5 % are promised for independent noise.
    let alarms = false_alarms(0.0);
    assert!(alarms <= 12, "{alarms} of 1000");
    // What is left of the samples' likeness in blocks; without the factor the first is 33.
    let alarms = false_alarms(0.4);
    assert!(alarms <= 25, "{alarms} of 1000");
    let alarms = false_alarms(0.7);
    assert!(alarms <= 60, "{alarms} of 1000");
}

#[test]
fn blocks_are_medians_of_equal_spans() {
    let points: Vec<_> = (0..100)
        .map(|i| (f64::from(i), f64::from(i % 10)))
        .collect();
    let found = blocks(&points, 10);
    assert_eq!(found.len(), 10);
    assert!(found.iter().all(|p| (p.1 - 4.5).abs() <= 1.0), "{found:?}");
    assert_eq!(blocks(&points[..5], 10), &points[..5]);
    assert_eq!(blocks(&[], 10), &[]);
    // A pause leaves its blocks out.
    let paused: Vec<_> = points
        .iter()
        .copied()
        .filter(|p| !(20.0..60.0).contains(&p.0))
        .collect();
    assert!(blocks(&paused, 10).len() <= 7);
}

#[test]
fn middle_and_variation() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    assert_eq!(median(&[]), None);
    let cv = variation(&[9.0, 10.0, 11.0]).unwrap();
    assert!((cv - 0.1).abs() < 1e-12);
    assert_eq!(variation(&[1.0]), None);
}
