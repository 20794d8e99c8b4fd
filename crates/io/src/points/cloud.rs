//! What is a point cloud in memory?

use crate::csv::by_similarity;
use crate::{Error, Result};
use std::collections::HashMap;
use std::path::Path;

/// The columns that every cloud has, in their order.
const COORDINATES: [&str; 3] = ["x", "y", "z"];

/// Values that a point may have, what is left out counted as well.
pub(super) const MOST_COLUMNS: usize = 1 << 14;

/// Names that a missing one is compared with. A count in a header makes thousands of one name, and to
/// compare them all takes longer than to read any file of that size.
const MOST_COMPARED: usize = 1 << 10;

/// Points with named values.
#[derive(Clone, Debug, PartialEq)]
pub struct PointCloud {
    /// The names of the C columns. There are at least three: `x`, `y` and `z` come first.
    pub columns: Vec<String>,
    /// The values in row-major order, `[N, C]`: one point after the other. Units are the file's.
    pub values: Values,
}

/// The values of a point cloud, all of one type.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 32-bit floating point.
    F32(Vec<f32>),
    /// 64-bit floating point, where some column needs it.
    F64(Vec<f64>),
}

impl PointCloud {
    /// Number of points, N.
    pub fn points(&self) -> usize {
        self.values
            .len()
            .checked_div(self.columns.len())
            .unwrap_or(0)
    }

    /// The place of the column of that name within a row.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}

impl Values {
    /// Number of values, N x C.
    pub fn len(&self) -> usize {
        match self {
            Values::F32(values) => values.len(),
            Values::F64(values) => values.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type's name, `f32` or `f64`.
    pub fn dtype(&self) -> &'static str {
        match self {
            Values::F32(_) => "f32",
            Values::F64(_) => "f64",
        }
    }
}

/// The columns of a cloud, in the cloud's order.
#[derive(Debug, PartialEq)]
pub(super) struct Order {
    pub(super) names: Vec<String>,
    /// Where each column is in the file.
    pub(super) from: Vec<usize>,
}

/// Puts x, y and z first and leaves the others in the file's order.
///
/// # Errors
/// [`Error::MissingColumn`] without one of the three, [`Error::DuplicateColumn`] for a name given twice.
pub(super) fn order(mut names: Vec<String>, path: &Path) -> Result<Order> {
    let mut seen = HashMap::new();
    for (position, name) in (1..).zip(&names) {
        // Without a name a column cannot be asked for, so there may be several.
        if name.is_empty() {
            continue;
        }
        if let Some(first) = seen.insert(name, position) {
            return Err(Error::DuplicateColumn {
                path: path.to_path_buf(),
                column: name.clone(),
                first,
                second: position,
            });
        }
    }
    let mut from = Vec::with_capacity(names.len());
    for wanted in COORDINATES {
        let exact = names.iter().position(|name| name == wanted);
        let found = exact.or_else(|| {
            names
                .iter()
                .position(|name| name.eq_ignore_ascii_case(wanted))
        });
        from.push(found.ok_or_else(|| Error::MissingColumn {
            path: path.to_path_buf(),
            column: wanted.to_owned(),
            available: by_similarity(wanted, names.iter().take(MOST_COMPARED).map(String::as_str)),
        })?);
    }
    let [x, y, z] = [from[0], from[1], from[2]];
    from.extend((0..names.len()).filter(|&at| at != x && at != y && at != z));
    let coordinates = COORDINATES.iter().map(|&name| name.to_owned());
    let others = from[COORDINATES.len()..].iter();
    let names = coordinates
        .chain(others.map(|&at| std::mem::take(&mut names[at])))
        .collect();
    Ok(Order { names, from })
}

/// The names of columns that a file does not name: x, y, z and then indices.
///
/// # Errors
/// What is wrong with that number of columns, for a sentence about an array.
pub(super) fn numbered(columns: usize) -> Result<Vec<String>, String> {
    if columns < COORDINATES.len() {
        return Err(format!(
            "has {columns} column(s), expected at least 3: x, y and z"
        ));
    }
    if columns > MOST_COLUMNS {
        return Err(format!(
            "has {columns} columns, expected at most {MOST_COLUMNS}"
        ));
    }
    let coordinates = COORDINATES.iter().map(|&name| name.to_owned());
    let others = (COORDINATES.len()..columns).map(|index| index.to_string());
    Ok(coordinates.chain(others).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Result<Order> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        order(names, Path::new("a.pcd"))
    }

    #[test]
    fn coordinates_come_first_and_the_rest_stays_in_order() {
        let found = of(&["t", "z", "i", "x", "", "y", ""]).unwrap();
        assert_eq!(found.names, ["x", "y", "z", "t", "i", "", ""]);
        assert_eq!(found.from, [3, 5, 1, 0, 2, 4, 6]);
    }

    #[test]
    fn capitals_are_taken_where_there_is_no_exact_name() {
        let found = of(&["Time", "X", "Y", "Z"]).unwrap();
        assert_eq!(found.names, ["x", "y", "z", "Time"]);
        assert_eq!(found.from, [1, 2, 3, 0]);
        let found = of(&["X", "x", "y", "z"]).unwrap();
        assert_eq!(found.names, ["x", "y", "z", "X"]);
        assert_eq!(found.from, [1, 2, 3, 0]);
    }

    #[test]
    fn what_is_missing_is_named_with_what_there_is() {
        let error = of(&["x", "y", "depth"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.pcd: no column \"z\"; there are \"x\", \"y\", \"depth\""
        );
        let Err(Error::MissingColumn { column, .. }) = of(&["x", "z"]) else {
            panic!("found");
        };
        assert_eq!(column, "y");
        let many: Vec<String> = (0..MOST_COLUMNS).map(|at| format!("h[{at}]")).collect();
        let Err(Error::MissingColumn { available, .. }) = order(many, Path::new("a.pcd")) else {
            panic!("found");
        };
        assert_eq!(available.len(), MOST_COMPARED);
    }

    #[test]
    fn a_name_given_twice_is_refused() {
        let error = of(&["x", "y", "z", "a", "y"]).unwrap_err();
        let Error::DuplicateColumn {
            column,
            first,
            second,
            ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((column.as_str(), first, second), ("y", 2, 5));
    }

    #[test]
    fn columns_without_names_are_numbered() {
        assert_eq!(numbered(5).unwrap(), ["x", "y", "z", "3", "4"]);
        assert_eq!(numbered(MOST_COLUMNS).unwrap().len(), MOST_COLUMNS);
        for (columns, hint) in [(0, "at least 3"), (2, "2 column"), (16_385, "at most")] {
            let what = numbered(columns).unwrap_err();
            assert!(what.contains(hint), "{what}");
        }
    }

    #[test]
    fn points_are_counted() {
        let mut cloud = PointCloud {
            columns: numbered(4).unwrap(),
            values: Values::F64(vec![0.0; 12]),
        };
        assert_eq!((cloud.points(), cloud.values.len()), (3, 12));
        assert_eq!((cloud.column("z"), cloud.column("ring")), (Some(2), None));
        assert_eq!(cloud.values.dtype(), "f64");
        cloud.values = Values::F32(Vec::new());
        assert!(cloud.values.is_empty());
        assert_eq!(cloud.points(), 0);
    }
}
