//! Which columns does a point have, and where do their values lie?

use super::header::{Field, Header};
use crate::points::cloud::order;
use crate::points::number::{Column, Kind};
use crate::{Error, Result};
use std::path::Path;

/// The name of fields that hold nothing.
const PADDING: &str = "_";

/// The columns of a cloud, x, y and z first, and their places in the file.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) names: Vec<String>,
    /// The type of each column, and its place among the values of a point in the file, padding counted.
    elements: Vec<(Kind, usize)>,
    /// Values of a point, with the padding.
    pub(super) row_values: usize,
    /// Bytes of a point, with the padding.
    pub(super) row_bytes: usize,
    /// Bytes of the padding in a point.
    pub(super) padding: usize,
    /// Bytes of all points, with the padding.
    pub(super) bytes: usize,
}

impl Layout {
    /// # Errors
    /// For columns that are missing or there twice, and for more than can be addressed.
    pub(super) fn of(header: &Header, path: &Path) -> Result<Layout> {
        let mut names = Vec::new();
        let mut elements = Vec::new();
        let (mut row_values, mut row_bytes, mut padding) = (0, 0, 0);
        for field in &header.fields {
            // Neither can overflow: the header has bounded the values of a point.
            let bytes = field.count * field.kind.size();
            if field.name == PADDING {
                padding += bytes;
            } else {
                for index in 0..field.count {
                    names.push(name(field, index));
                    elements.push((field.kind, row_values + index));
                }
            }
            row_values += field.count;
            row_bytes += bytes;
        }
        let order = order(names, path)?;
        let points = header.points;
        // Of 8 bytes each in memory, also where the file has fewer.
        let most = row_values
            .checked_mul(8)
            .and_then(|row| row.checked_mul(points));
        if most.is_none_or(|most| isize::try_from(most).is_err()) {
            let what = format!(
                "line {}: {points} points of {row_bytes} bytes are more than any memory holds",
                header.points_line
            );
            return Err(Error::malformed(path, what));
        }
        Ok(Layout {
            names: order.names,
            elements: order.from.iter().map(|&at| elements[at]).collect(),
            row_values,
            row_bytes,
            padding,
            bytes: row_bytes * points,
        })
    }

    /// Whether `f32` holds the values of every column.
    pub(super) fn fits_f32(&self) -> bool {
        self.elements.iter().all(|(kind, _)| kind.fits_f32())
    }

    /// Number of columns, C.
    pub(super) fn width(&self) -> usize {
        self.elements.len()
    }

    /// What each value of a point in the file is: the type and the number of its column, or padding.
    pub(super) fn targets(&self) -> Vec<Option<(Kind, usize)>> {
        let mut targets = vec![None; self.row_values];
        for (column, &(kind, at)) in self.elements.iter().enumerate() {
            targets[at] = Some((kind, column));
        }
        targets
    }

    /// Where the columns' values lie if points follow each other, padding and all.
    pub(super) fn in_rows(&self, header: &Header) -> Vec<Column> {
        self.place(header, |field| (field.offset, self.row_bytes))
    }

    /// Where the columns' values lie if fields follow each other, each with its values of all points.
    pub(super) fn in_fields(&self, header: &Header, has_padding: bool) -> Vec<Column> {
        self.place(header, |field| {
            let before = field.offset - if has_padding { 0 } else { field.padding };
            (before * header.points, field.bytes)
        })
    }

    /// Finds each column's place from its field's: the first byte, and the bytes from point to point.
    fn place(&self, header: &Header, of: impl Fn(Place) -> (usize, usize)) -> Vec<Column> {
        let mut starts = Vec::with_capacity(self.row_values);
        let (mut offset, mut padding) = (0, 0);
        for field in &header.fields {
            let bytes = field.count * field.kind.size();
            let (start, step) = of(Place {
                offset,
                padding,
                bytes,
            });
            let size = field.kind.size();
            starts.extend((0..field.count).map(|index| (start + index * size, step)));
            offset += bytes;
            padding += if field.name == PADDING { bytes } else { 0 };
        }
        let columns = self.elements.iter().map(|&(kind, at)| Column {
            kind,
            start: starts[at].0,
            step: starts[at].1,
        });
        columns.collect()
    }
}

/// A field's place in a point.
struct Place {
    /// Bytes before it.
    offset: usize,
    /// How many of them are padding.
    padding: usize,
    /// Its own bytes.
    bytes: usize,
}

/// A column's name: that of its field, with an index where the field has several values.
fn name(field: &Field, index: usize) -> String {
    match field.count {
        1 => field.name.clone(),
        _ => format!("{}[{index}]", field.name),
    }
}

#[cfg(test)]
mod tests {
    use super::super::header::Encoding;
    use super::*;

    fn header(points: usize) -> Header {
        let field = |name: &str, kind, count| Field {
            name: name.to_owned(),
            kind,
            count,
        };
        Header {
            fields: vec![
                field("h", Kind::U2, 2),
                field("_", Kind::U1, 3),
                field("z", Kind::F4, 1),
                field("y", Kind::F4, 1),
                field("_", Kind::F4, 1),
                field("x", Kind::F4, 1),
            ],
            fields_line: 3,
            points,
            points_line: 9,
            encoding: Encoding::Binary,
        }
    }

    fn starts(columns: &[Column]) -> Vec<(usize, usize)> {
        columns
            .iter()
            .map(|column| (column.start, column.step))
            .collect()
    }

    #[test]
    fn places_follow_from_the_order_of_fields() {
        let header = header(10);
        let layout = Layout::of(&header, Path::new("a.pcd")).unwrap();
        assert_eq!(layout.names, ["x", "y", "z", "h[0]", "h[1]"]);
        assert_eq!(
            (layout.row_values, layout.row_bytes, layout.padding),
            (9, 23, 7)
        );
        assert_eq!((layout.width(), layout.bytes), (5, 230));
        assert!(layout.fits_f32());
        let rows = layout.in_rows(&header);
        assert_eq!(
            starts(&rows),
            [(19, 23), (11, 23), (7, 23), (0, 23), (2, 23)]
        );
        let padded = layout.in_fields(&header, true);
        assert_eq!(
            starts(&padded),
            [(190, 4), (110, 4), (70, 4), (0, 4), (2, 4)]
        );
        let packed = layout.in_fields(&header, false);
        assert_eq!(
            starts(&packed),
            [(120, 4), (80, 4), (40, 4), (0, 4), (2, 4)]
        );
        let targets: Vec<Option<usize>> = layout
            .targets()
            .into_iter()
            .map(|target| target.map(|(_, column)| column))
            .collect();
        let expected = [
            Some(3),
            Some(4),
            None,
            None,
            None,
            Some(2),
            Some(1),
            None,
            Some(0),
        ];
        assert_eq!(targets, expected);
    }

    #[test]
    fn more_points_than_can_be_addressed_are_refused() {
        let most = isize::MAX as usize / (8 * 9);
        Layout::of(&header(most), Path::new("a.pcd")).unwrap();
        for points in [most + 1, usize::MAX] {
            let error = Layout::of(&header(points), Path::new("a.pcd")).unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with("a.pcd: line 9: "), "{text}");
            assert!(text.ends_with("more than any memory holds"), "{text}");
        }
    }
}
