//! How do arrays become a log?

use super::csv::{EXACT, names, note_rounding};
use super::log::{Block, Data, Field, Log, Rows, Time, stamps_of};
use crate::console::{note, spinner};
use crate::failure::usage;
use anyhow::{Context, Result, anyhow, bail};
use robocache_io::Error;
use robocache_io::npy::{Array, Npz, Values};
use std::path::Path;

/// Reads an NPZ file: `time` names the array of times, `wanted` are the values of `--columns`.
///
/// # Errors
/// Whatever is wrong with the file, with the array's name.
pub(super) fn read_npz(path: &Path, time: &str, wanted: &[String]) -> Result<Log> {
    let bar = spinner("reading");
    let mut npz = robocache_io::npy::read_npz(path)?;
    bar.finish_and_clear();
    let at = find(&npz, time, path)?;
    let chosen = names(wanted, |name| npz.arrays.iter().any(|(n, _)| n == name))
        .into_iter()
        .map(|name| match find(&npz, name, path)? {
            found if found == at => Err(usage(format!("{name:?} is both --time and in --columns"))),
            found => Ok(found),
        })
        .collect::<Result<Vec<usize>>>()?;
    let wanted = (!wanted.is_empty()).then_some(chosen);
    for (name, reason) in &npz.skipped {
        note(&format!("array {name:?} is left out: {reason}"));
    }
    let arrays = std::mem::take(&mut npz.arrays);
    from_arrays(path, arrays, at, wanted.as_deref())
}

fn find(npz: &Npz, name: &str, path: &Path) -> Result<usize> {
    if let Some(found) = npz.arrays.iter().position(|(other, _)| other == name) {
        return Ok(found);
    }
    if let Some((_, reason)) = npz.skipped.iter().find(|(other, _)| other == name) {
        bail!(
            "{}: array {name:?} cannot be used: {reason}",
            path.display()
        );
    }
    let mut available: Vec<String> = npz.arrays.iter().map(|(name, _)| name.clone()).collect();
    available.sort_by_key(|other| !alike(other, name));
    Err(Error::MissingColumn {
        path: path.to_path_buf(),
        column: name.to_owned(),
        available,
    }
    .into())
}

/// Whether one of the names is a part of the other, whatever the case.
fn alike(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    one.contains(&other) || other.contains(&one)
}

fn from_arrays(
    path: &Path,
    arrays: Vec<(String, Array)>,
    at: usize,
    wanted: Option<&[usize]>,
) -> Result<Log> {
    let file = path.display();
    let (name, times) = &arrays[at];
    let &[samples] = times.shape.as_slice() else {
        bail!(
            "{file}: the array of times {name:?} has shape {:?}, expected one dimension [S]",
            times.shape
        );
    };
    if samples == 0 {
        bail!("{file}: the array of times {name:?} is empty");
    }
    let (stamps, stored) =
        stamps_of(&times.values).with_context(|| format!("{file}: array {name:?}"))?;
    let name = name.clone();
    let mut log = Log {
        path: path.to_path_buf(),
        time: Time {
            name,
            stamps,
            position: 0,
            stored,
        },
        blocks: Vec::new(),
        rest: Vec::new(),
        added: Vec::new(),
        rows: Rows::Indices,
    };
    let mut copied = Vec::new();
    for (index, (name, array)) in arrays.into_iter().enumerate() {
        let is_stream = array.shape.first() == Some(&samples);
        match wanted {
            _ if index == at => log.time.position = log.blocks.len(),
            Some(wanted) if !wanted.contains(&index) => {}
            Some(_) if !is_stream => bail!(
                "{file}: array {name:?} has shape {:?}, expected [{samples}, ...] as there are \
                 {samples} times",
                array.shape
            ),
            _ if is_stream => log.blocks.push(stream(name, array)),
            _ => {
                copied.push(format!("{name:?} {:?}", array.shape));
                log.rest.push((name, array));
            }
        }
    }
    if !copied.is_empty() {
        note(&format!(
            "arrays without a first dimension of {samples} are copied unchanged: {}",
            copied.join(", ")
        ));
    }
    if log.blocks.is_empty() {
        bail!("{file}: no array beside the times has a first dimension of {samples}, as they have");
    }
    Ok(log)
}

fn stream(name: String, array: Array) -> Block {
    let data = floats(&name, array.values);
    let shape = array.shape.into_iter().skip(1).collect();
    Block {
        fields: vec![Field { name, shape }],
        data,
    }
}

/// Values in the float type in which they are resampled.
fn floats(name: &str, values: Values) -> Data {
    match values {
        Values::F16(values) => Data::F16(values),
        Values::F32(values) => Data::F32(values),
        Values::F64(values) => Data::F64(values),
        others => {
            warn_of_rounding(name, &others);
            Data::F64(others.to_f64().into_owned())
        }
    }
}

fn warn_of_rounding(name: &str, values: &Values) {
    let found = match values {
        Values::I64(values) => {
            let mut large = values.iter().filter(|value| value.unsigned_abs() > EXACT);
            large.next().map(i64::to_string)
        }
        Values::U64(values) => {
            let mut large = values.iter().filter(|&&value| value > EXACT);
            large.next().map(u64::to_string)
        }
        _ => None,
    };
    if let Some(value) = found {
        note_rounding(name, value);
    }
}

/// Reads an NPY file: `time` is the index of the column of times, and so are those in `wanted`.
///
/// # Errors
/// Whatever is wrong with the file.
pub(super) fn read_npy(path: &Path, time: &str, wanted: &[String]) -> Result<Log> {
    let bar = spinner("reading");
    let array = robocache_io::npy::read_npy(path)?;
    bar.finish_and_clear();
    let file = path.display();
    let &[samples, columns] = array.shape.as_slice() else {
        bail!(
            "{file}: the array has shape {:?}, expected two dimensions [S, columns] with the times \
             in one of the columns",
            array.shape
        );
    };
    if samples == 0 || columns == 0 {
        bail!("{file}: the array of shape {:?} is empty", array.shape);
    }
    let at = column(time, columns, path)?;
    let mut chosen = Vec::new();
    for name in names(wanted, |_| false) {
        let index = column(name, columns, path)?;
        if index == at || chosen.contains(&index) {
            return Err(usage(format!("column {index} is named twice")));
        }
        chosen.push(index);
    }
    chosen.sort_unstable();
    if wanted.is_empty() {
        chosen = (0..columns).filter(|&index| index != at).collect();
    }
    if chosen.is_empty() {
        bail!("{file}: there is no column beside the times");
    }
    let (stamps, stored) = stamps_of(&pick(&array.values, columns, &[at]))
        .with_context(|| format!("{file}: column {at}"))?;
    let field = |index: &usize| Field {
        name: index.to_string(),
        shape: Vec::new(),
    };
    let block = Block {
        fields: chosen.iter().map(field).collect(),
        data: floats("the array", pick(&array.values, columns, &chosen)),
    };
    Ok(Log {
        path: path.to_path_buf(),
        time: Time {
            name: at.to_string(),
            stamps,
            position: chosen.iter().filter(|&&index| index < at).count(),
            stored,
        },
        blocks: vec![block],
        rest: Vec::new(),
        added: Vec::new(),
        rows: Rows::Indices,
    })
}

fn column(text: &str, columns: usize, path: &Path) -> Result<usize> {
    let index: usize = text.trim().parse().map_err(|_| {
        usage(format!(
            "{text:?}: columns of an .npy file have no names; give an index from 0 to {}",
            columns - 1
        ))
    })?;
    if index >= columns {
        return Err(anyhow!(
            "{}: no column {index}; the array has {columns}, counted from 0",
            path.display()
        ));
    }
    Ok(index)
}

/// Some columns of a matrix, in its element type.
fn pick(values: &Values, columns: usize, chosen: &[usize]) -> Values {
    fn rows<T: Copy>(values: &[T], columns: usize, chosen: &[usize]) -> Vec<T> {
        values
            .chunks_exact(columns)
            .flat_map(|row| chosen.iter().map(|&column| row[column]))
            .collect()
    }
    macro_rules! each {
        ($($kind:ident),*) => {
            match values {
                $(Values::$kind(values) => Values::$kind(rows(values, columns, chosen)),)*
            }
        };
    }
    each!(F16, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64, Bool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_picked_in_order() {
        let values = Values::I16(vec![0, 1, 2, 10, 11, 12]);
        assert_eq!(pick(&values, 3, &[2, 0]), Values::I16(vec![2, 0, 12, 10]));
    }

    #[test]
    fn indices_are_checked() {
        let path = Path::new("a.npy");
        assert_eq!(column(" 2", 3, path).ok(), Some(2));
        assert!(column("3", 3, path).is_err());
        assert!(column("t", 3, path).is_err());
        assert!(column("-1", 3, path).is_err());
    }
}
