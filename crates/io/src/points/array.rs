//! Which arrays are point clouds?

use super::cloud::{PointCloud, Values, numbered};
use crate::npy::{self, Array};
use crate::{Error, Result};
use std::path::Path;

/// The cloud that an array `[N, C]` is.
pub(super) fn cloud(array: Array, path: &Path) -> Result<PointCloud> {
    let shape = |what| Error::Shape {
        path: path.to_path_buf(),
        array: None,
        what,
    };
    let &[_, columns] = array.shape.as_slice() else {
        return Err(shape(format!(
            "has shape {:?}, expected [N, C] with a row for each point and C of at least 3: x, y, z",
            array.shape
        )));
    };
    Ok(PointCloud {
        columns: numbered(columns).map_err(shape)?,
        values: values(array.values),
    })
}

fn values(values: npy::Values) -> Values {
    use npy::Values as From;
    match values {
        From::F32(values) => Values::F32(values),
        From::F16(values) => Values::F32(values.into_iter().map(f32::from).collect()),
        From::I8(values) => Values::F32(values.into_iter().map(f32::from).collect()),
        From::I16(values) => Values::F32(values.into_iter().map(f32::from).collect()),
        From::U8(values) => Values::F32(values.into_iter().map(f32::from).collect()),
        From::U16(values) => Values::F32(values.into_iter().map(f32::from).collect()),
        From::Bool(values) => Values::F32(values.into_iter().map(f32::from).collect()),
        From::F64(values) => Values::F64(values),
        others @ (From::I32(_) | From::I64(_) | From::U32(_) | From::U64(_)) => {
            Values::F64(others.to_f64().into_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;

    fn of(shape: &[usize], values: impl Into<npy::Values>) -> Result<PointCloud> {
        let array = Array {
            shape: shape.to_vec(),
            values: values.into(),
        };
        cloud(array, Path::new("a.npy"))
    }

    #[test]
    fn types_that_fit_f32_become_f32_and_others_f64() {
        let narrow = |values: [f32; 3]| Values::F32(values.to_vec());
        let wide = |values: [f64; 3]| Values::F64(values.to_vec());
        let one = [1, 3];
        assert_eq!(of(&one, vec![0.1f32; 3]).unwrap().values, narrow([0.1; 3]));
        let half = f16::from_f32(0.1);
        assert_eq!(
            of(&one, vec![half; 3]).unwrap().values,
            narrow([half.to_f32(); 3])
        );
        assert_eq!(
            of(&one, vec![-128i8; 3]).unwrap().values,
            narrow([-128.0; 3])
        );
        assert_eq!(
            of(&one, vec![i16::MIN; 3]).unwrap().values,
            narrow([-32768.0; 3])
        );
        assert_eq!(of(&one, vec![255u8; 3]).unwrap().values, narrow([255.0; 3]));
        assert_eq!(
            of(&one, vec![65535u16; 3]).unwrap().values,
            narrow([65535.0; 3])
        );
        assert_eq!(of(&one, vec![true; 3]).unwrap().values, narrow([1.0; 3]));
        assert_eq!(of(&one, vec![0.1f64; 3]).unwrap().values, wide([0.1; 3]));
        let odd = (1 << 24) + 1;
        assert_eq!(
            of(&one, vec![odd; 3]).unwrap().values,
            wide([16_777_217.0; 3])
        );
        assert_eq!(
            of(&one, vec![odd as u32; 3]).unwrap().values,
            wide([16_777_217.0; 3])
        );
        assert_eq!(
            of(&one, vec![odd as i64; 3]).unwrap().values,
            wide([16_777_217.0; 3])
        );
        assert_eq!(
            of(&one, vec![odd as u64; 3]).unwrap().values,
            wide([16_777_217.0; 3])
        );
    }

    #[test]
    fn shapes_are_points_by_columns() {
        let cloud = of(&[2, 4], vec![0.0f32; 8]).unwrap();
        assert_eq!(cloud.columns, ["x", "y", "z", "3"]);
        assert_eq!(cloud.points(), 2);
        assert_eq!(of(&[0, 3], Vec::<f32>::new()).unwrap().points(), 0);
        for (shape, hint) in [
            (&[6][..], "has shape [6], expected [N, C]"),
            (&[1, 2, 3], "has shape [1, 2, 3], expected [N, C]"),
            (&[], "has shape [], expected [N, C]"),
            (&[3, 2], "has 2 column(s), expected at least 3: x, y and z"),
            (&[0, 0], "has 0 column(s)"),
            (&[0, 70_000], "has 70000 columns, expected at most 16384"),
        ] {
            let count = shape.iter().product();
            let error = of(shape, vec![0.0f32; count]).unwrap_err();
            assert!(matches!(error, Error::Shape { array: None, .. }));
            let text = error.to_string();
            assert!(
                text.starts_with(&format!("a.npy: the array {hint}")),
                "{text}"
            );
        }
    }
}
