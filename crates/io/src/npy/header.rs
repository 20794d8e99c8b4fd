//! What does an NPY header say, and how is one written?

use super::array::{ArrayRef, Kind};
use super::element::ByteOrder;
use super::literal::{self, Literal};
use super::{MOST_DIMENSIONS, Place, dtype};
use crate::{Error, Result};
use std::io::Read;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Bytes that a header may have; numpy itself asks for confirmation beyond 10,000.
const LONGEST: usize = 1 << 20;

/// The data begin at a multiple of this, so that a mapped file is aligned.
const ALIGNMENT: usize = 64;

/// Digits for which numpy leaves room in the first dimension, so that it can grow in place.
const GROWTH_DIGITS: usize = 21;

#[derive(Debug)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) byte_order: ByteOrder,
    pub(super) is_fortran: bool,
    pub(super) shape: Vec<usize>,
    /// Bytes of the data.
    pub(super) data_bytes: usize,
    /// Bytes of the header itself.
    pub(super) header_bytes: usize,
}

/// Reads the header and leaves the stream where the data begin.
pub(super) fn read(input: &mut impl Read, place: Place<'_>) -> Result<Header> {
    let mut start = [0; 8];
    fill(input, &mut start, place)?;
    if !start.starts_with(MAGIC) {
        let hint = match start {
            [b'P', b'K', ..] => "; it looks like an NPZ file",
            _ => "",
        };
        return Err(place.malformed(format_args!(
            "found {:?}, expected the bytes \"\\x93NUMPY\" that an NPY file begins with{hint}",
            start[..6].escape_ascii().to_string()
        )));
    }
    let mut length = [0; 4];
    let length_bytes = match start[6] {
        1 => 2,
        2 | 3 => 4,
        version => {
            return Err(place.malformed(format_args!(
                "version {version} of the NPY format is unknown, expected 1, 2 or 3"
            )));
        }
    };
    fill(input, &mut length[..length_bytes], place)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST {
        return Err(place.malformed(format_args!(
            "the header claims {length} bytes, expected at most {LONGEST}"
        )));
    }
    let mut text = vec![0; length];
    fill(input, &mut text, place)?;
    let mut header = interpret(&text, place)?;
    header.header_bytes = start.len() + length_bytes + length;
    Ok(header)
}

fn fill(input: &mut impl Read, bytes: &mut [u8], place: Place<'_>) -> Result<()> {
    input
        .read_exact(bytes)
        .map_err(|error| place.failure(error))
}

fn interpret(text: &[u8], place: Place<'_>) -> Result<Header> {
    let fault = |what: &str| place.malformed(format_args!("the header is damaged: {what}"));
    let entries = match literal::parse(text) {
        Ok(Literal::Dictionary(entries)) => entries,
        Ok(_) => return Err(fault("it is not a dictionary")),
        Err(what) => return Err(fault(what)),
    };
    let entry = |wanted: &str| {
        let found = entries
            .iter()
            .find(|(key, _)| matches!(key, Literal::Text(key) if key == wanted));
        match found {
            Some((_, value)) => Ok(value),
            None => Err(fault(&format!("it has no entry '{wanted}'"))),
        }
    };
    let Literal::Bool(is_fortran) = *entry("fortran_order")? else {
        return Err(fault("'fortran_order' is neither True nor False"));
    };
    let (kind, byte_order) =
        dtype::parse(entry("descr")?).map_err(|unsupported| Error::UnsupportedDType {
            path: place.path.to_path_buf(),
            array: place.array(),
            found: unsupported.found,
            advice: unsupported.advice,
        })?;
    let Literal::Sequence(dimensions) = entry("shape")? else {
        return Err(fault("'shape' is not a tuple"));
    };
    if dimensions.len() > MOST_DIMENSIONS {
        let found = dimensions.len();
        return Err(fault(&format!(
            "{found} dimensions, expected at most {MOST_DIMENSIONS}"
        )));
    }
    let mut shape = Vec::with_capacity(dimensions.len());
    for dimension in dimensions {
        match dimension {
            Literal::Integer(n) => {
                shape.push(usize::try_from(*n).map_err(|_| fault("a dimension is too large"))?);
            }
            _ => return Err(fault("'shape' holds something other than integers")),
        }
    }
    let data_bytes = bytes_of(&shape, kind.size())
        .ok_or_else(|| fault("the shape is too large for any memory"))?;
    Ok(Header {
        kind,
        byte_order,
        is_fortran,
        shape,
        data_bytes,
        header_bytes: 0,
    })
}

/// Bytes of an array of that shape, if they can be addressed. As in numpy, a dimension of zero does
/// not excuse the others.
fn bytes_of(shape: &[usize], element: usize) -> Option<usize> {
    let others = shape.iter().filter(|&&n| n != 0);
    let bytes = others.copied().try_fold(element, usize::checked_mul)?;
    isize::try_from(bytes).ok()?;
    Some(if shape.contains(&0) { 0 } else { bytes })
}

/// The header of that array, as `np.save` writes it.
pub(super) fn write(array: &ArrayRef<'_>) -> Vec<u8> {
    let shape: Vec<String> = array.shape.iter().map(usize::to_string).collect();
    let shape = match shape.as_slice() {
        [one] => format!("({one},)"),
        several => format!("({})", several.join(", ")),
    };
    let descr = array.values.descr();
    let mut text =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}").into_bytes();
    if let Some(first) = array.shape.first() {
        text.resize(text.len() + GROWTH_DIGITS - first.to_string().len(), b' ');
    }
    let prefix = MAGIC.len() + 4;
    // Between 1 and 64 blanks, as numpy has it.
    let padding = ALIGNMENT - (prefix + text.len() + 1) % ALIGNMENT;
    text.resize(text.len() + padding, b' ');
    text.push(b'\n');
    let mut header = Vec::with_capacity(prefix + text.len());
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&[1, 0]);
    // At most 64 dimensions of 20 digits: far from the limit of 65,535.
    header.extend_from_slice(&(text.len() as u16).to_le_bytes());
    header.extend_from_slice(&text);
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn place() -> Place<'static> {
        Place {
            path: Path::new("a.npy"),
            array: None,
        }
    }

    fn file(version: u8, dictionary: &str) -> Vec<u8> {
        let mut bytes = [&MAGIC[..], &[version, 0]].concat();
        let length = (dictionary.len() as u32).to_le_bytes();
        bytes.extend_from_slice(if version == 1 { &length[..2] } else { &length });
        bytes.extend_from_slice(dictionary.as_bytes());
        bytes
    }

    fn parse(dictionary: &str) -> Result<Header> {
        read(&mut &file(1, dictionary)[..], place())
    }

    fn with_shape(shape: &str) -> Result<Header> {
        parse(&format!(
            "{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
        ))
    }

    #[test]
    fn headers_are_those_that_numpy_writes() {
        let header = |shape: &[usize], values: &[bool]| write(&ArrayRef::new(shape, values));
        let expected = |text: &str, blanks: usize| {
            let text = format!("{text}{}\n", " ".repeat(blanks));
            let length = (text.len() as u16).to_le_bytes();
            [b"\x93NUMPY\x01\0", &length[..], text.as_bytes()].concat()
        };
        assert_eq!(
            header(&[3], &[true; 3]),
            expected(
                "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }",
                60
            )
        );
        assert_eq!(
            header(&[], &[true]),
            expected(
                "{'descr': '|b1', 'fortran_order': False, 'shape': (), }",
                62
            )
        );
        assert_eq!(header(&[12, 0, 7], &[]).len() % ALIGNMENT, 0);
    }

    #[test]
    fn all_versions_are_read() {
        for version in 1..=3 {
            let text = "{'descr': '>i2', 'fortran_order': True, 'shape': (2L, 3), }  \n";
            let bytes = [file(version, text), vec![7]].concat();
            let mut rest = &bytes[..];
            let header = read(&mut rest, place()).unwrap();
            assert_eq!(rest, [7]);
            assert_eq!(header.header_bytes, bytes.len() - 1);
            assert_eq!(
                (header.kind, header.byte_order),
                (Kind::I16, ByteOrder::Big)
            );
            assert!(header.is_fortran);
            assert_eq!((header.shape, header.data_bytes), (vec![2, 3], 12));
        }
    }

    #[test]
    fn sizes_do_not_overflow() {
        assert_eq!(with_shape("()").unwrap().data_bytes, 8);
        assert_eq!(with_shape("(0, 5)").unwrap().data_bytes, 0);
        for shape in [
            "(4611686018427387904, 4)",
            "(1152921504606846976,)",
            "(0, 9223372036854775807, 9223372036854775807)",
            "(18446744073709551615, 18446744073709551615, 0)",
        ] {
            let error = with_shape(shape).unwrap_err().to_string();
            assert!(error.contains("too large for any memory"), "{error}");
        }
    }

    #[test]
    fn damaged_headers_are_refused() {
        for (dictionary, hint) in [
            ("[]", "not a dictionary"),
            ("{'descr': '<f8'", "bracket"),
            ("{'descr': '<f8', 'shape': ()}", "no entry 'fortran_order'"),
            ("{'fortran_order': False, 'shape': ()}", "no entry 'descr'"),
            (
                "{'descr': '<f8', 'fortran_order': False}",
                "no entry 'shape'",
            ),
            (
                "{'descr': '<f8', 'fortran_order': 0, 'shape': ()}",
                "neither True nor",
            ),
            (
                "{'descr': '<f8', 'fortran_order': False, 'shape': 3}",
                "not a tuple",
            ),
            (
                "{'descr': '<f8', 'fortran_order': False, 'shape': ('3',)}",
                "integers",
            ),
            (
                "{'descr': '<f8', 'fortran_order': False, 'shape': (-3,)}",
                "negative",
            ),
        ] {
            let error = parse(dictionary).unwrap_err();
            assert!(matches!(error, Error::Malformed { .. }));
            assert!(error.to_string().contains(hint), "{error}");
        }
        let deep = format!("({})", "1,".repeat(MOST_DIMENSIONS + 1));
        assert!(
            with_shape(&deep)
                .unwrap_err()
                .to_string()
                .contains("65 dimensions")
        );
    }

    #[test]
    fn what_is_no_npy_file_is_said_to_be_none() {
        let long = [&MAGIC[..], &[2, 0], &u32::MAX.to_le_bytes()].concat();
        let version = [&MAGIC[..], &[4, 0]].concat();
        for (bytes, hint) in [
            (&b"PK\x03\x04\0\0\0\0"[..], "looks like an NPZ file"),
            (b"time,x\n1,2\n", "found \"time,x\""),
            (b"\x93NUM", "ends in the middle"),
            (&file(1, "{'descr'")[..12], "ends in the middle"),
            (&long, "claims 4294967295 bytes"),
            (&version, "version 4"),
        ] {
            let error = read(&mut &bytes[..], place()).unwrap_err().to_string();
            assert!(error.contains(hint), "{error}");
        }
    }
}
