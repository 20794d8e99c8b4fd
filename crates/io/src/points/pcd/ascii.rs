//! How does text become values?

use super::header::Header;
use super::layout::Layout;
use super::lines::Lines;
use crate::error::quoted;
use crate::points::input::reserve;
use crate::points::number::Number;
use crate::{Error, Result};
use std::io::BufRead;
use std::path::Path;

/// Reads the points on the lines that are left.
pub(super) fn read<T: Number>(
    lines: &mut Lines<'_, impl BufRead>,
    header: &Header,
    layout: &Layout,
    path: &Path,
) -> Result<Vec<T>> {
    let targets = layout.targets();
    let mut values: Vec<T> = Vec::new();
    let mut line = Vec::new();
    let mut points = 0;
    while let Some(number) = lines.next(&mut line)? {
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        if points == header.points {
            let what = format!(
                "line {number}: found another point, expected {points} as line {} of the header says",
                header.points_line
            );
            return Err(Error::malformed(path, what));
        }
        let cells = || {
            text.split(u8::is_ascii_whitespace)
                .filter(|cell| !cell.is_empty())
        };
        let found = cells().count();
        if found != targets.len() {
            return Err(Error::Ragged {
                path: path.to_path_buf(),
                line: number,
                found,
                expected: targets.len(),
                header_line: header.fields_line,
            });
        }
        reserve(&mut values, layout.width(), path)?;
        let start = values.len();
        values.resize(start + layout.width(), T::default());
        for (cell, target) in cells().zip(&targets) {
            let Some((kind, column)) = *target else {
                continue;
            };
            let value = std::str::from_utf8(cell)
                .ok()
                .and_then(|text| kind.parse(text));
            values[start + column] = value.ok_or_else(|| {
                let what = format!(
                    "line {number}, field {}: found {}, expected {}",
                    quoted(&layout.names[column]),
                    quoted(&String::from_utf8_lossy(cell)),
                    kind.words()
                );
                Error::malformed(path, what)
            })?;
        }
        points += 1;
    }
    if points < header.points {
        let what = format!(
            "the file is cut short: found {points} point(s), expected {} as line {} of the header says",
            header.points, header.points_line
        );
        return Err(Error::malformed(path, what));
    }
    Ok(values)
}
