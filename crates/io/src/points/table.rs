//! Which columns of a table make a point cloud?

use super::cloud::{PointCloud, Values, order};
use crate::Result;
use crate::csv::{Cells, Table, plain_name};

/// The cloud of a table's coordinates and its other columns of numbers and booleans. Columns of text
/// are left out.
pub(super) fn cloud(table: &Table) -> Result<PointCloud> {
    let named = table.columns.iter();
    let names: Vec<String> = named
        .map(|column| plain_name(&column.name).to_owned())
        .collect();
    let order = order(names, table.path())?;
    let mut names = Vec::with_capacity(order.names.len());
    let mut columns = Vec::with_capacity(order.names.len());
    for (at, (name, from)) in order.names.into_iter().zip(order.from).enumerate() {
        let column = &table.columns[from];
        if at < 3 || !matches!(column.cells, Cells::Text(_)) {
            names.push(name);
            columns.push(column.to_f64()?);
        }
    }
    let mut values = Vec::with_capacity(columns.len() * table.rows());
    for row in 0..table.rows() {
        values.extend(columns.iter().map(|column| column[row]));
    }
    Ok(PointCloud {
        columns: names,
        values: Values::F64(values),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::csv::parse_table;

    fn of(text: &str) -> Result<PointCloud> {
        cloud(&parse_table(text.as_bytes(), "a.csv")?)
    }

    #[test]
    fn coordinates_come_first_and_text_is_left_out() {
        let cloud = of("label,z, y,ok,#x,i\ncar,3,2,true,1,7\nroad,6,5.5,false,,8\n").unwrap();
        assert_eq!(cloud.columns, ["x", "y", "z", "ok", "i"]);
        let Values::F64(values) = cloud.values else {
            panic!("f32");
        };
        assert_eq!(values[..5], [1.0, 2.0, 3.0, 1.0, 7.0]);
        assert!(values[5].is_nan());
        assert_eq!(values[6..], [5.5, 6.0, 0.0, 8.0]);
    }

    #[test]
    fn coordinates_of_text_are_refused() {
        let error = of("x,y,z\n1,a,3\n").unwrap_err();
        let Error::NotANumber { line, column, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((line, column.as_str()), (2, "y"));
        let error = of("x,y\n1,2\n").unwrap_err();
        assert!(matches!(error, Error::MissingColumn { .. }), "{error}");
    }
}
