//! What do `--voxel` and `--range` say?

use std::str::FromStr;

/// The size of a cell along each axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sizes(pub [f64; 3]);

/// The lower and the upper corner of a grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub min: [f64; 3],
    pub max: [f64; 3],
}

impl FromStr for Sizes {
    type Err = String;

    fn from_str(text: &str) -> Result<Sizes, String> {
        let sizes = match numbers(text)?[..] {
            [size] => [size; 3],
            [x, y, z] => [x, y, z],
            _ => return Err("expected one size, or three separated by commas".to_owned()),
        };
        match sizes.iter().all(|&size| size > 0.0) {
            true => Ok(Sizes(sizes)),
            false => Err("a cell's size is above zero".to_owned()),
        }
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Range, String> {
        let &[x0, y0, z0, x1, y1, z1] = &numbers(text)?[..] else {
            return Err("expected six numbers, x0,y0,z0,x1,y1,z1".to_owned());
        };
        let (min, max) = ([x0, y0, z0], [x1, y1, z1]);
        match (0..3).all(|axis| min[axis] < max[axis]) {
            true => Ok(Range { min, max }),
            false => Err("each upper number is above the lower one".to_owned()),
        }
    }
}

fn numbers(text: &str) -> Result<Vec<f64>, String> {
    let number = |text: &str| match text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("{:?} is no finite number", text.trim())),
    };
    text.split(',').map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_size_is_all_three() {
        assert_eq!("0.1".parse(), Ok(Sizes([0.1; 3])));
        assert_eq!("0.1, 0.2,1e-1".parse(), Ok(Sizes([0.1, 0.2, 0.1])));
        for text in ["", "0", "-1", "1,2", "1,2,3,4", "1,2,x", "nan", "inf"] {
            assert!(text.parse::<Sizes>().is_err(), "{text}");
        }
    }

    #[test]
    fn ranges_have_two_corners() {
        let expected = Range {
            min: [0.0, -40.0, -3.0],
            max: [70.4, 40.0, 1.0],
        };
        assert_eq!("0,-40,-3,70.4,40,1".parse(), Ok(expected));
        for text in ["0,0,0,1,1", "0,0,0,1,1,0", "0,0,0,1,1,-1", "0,0,0,1,1,inf"] {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }
}
