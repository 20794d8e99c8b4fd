//! Which element type is meant, and what if it is none of ours?

use super::array::Kind;
use super::element::ByteOrder;
use super::literal::Literal;

/// An element type that is not read.
#[derive(Debug, PartialEq)]
pub(super) struct Unsupported {
    /// What it is, in words.
    pub(super) found: String,
    /// What the file's owner can do.
    pub(super) advice: &'static str,
}

/// The element type that a header's `descr` means.
pub(super) fn parse(descr: &Literal) -> Result<(Kind, ByteOrder), Unsupported> {
    let Literal::Text(descr) = descr else {
        return Err(records(descr));
    };
    let (order, code) = match descr.as_bytes().first() {
        Some(b'<') => (ByteOrder::Little, &descr[1..]),
        Some(b'>') => (ByteOrder::Big, &descr[1..]),
        Some(b'=' | b'|') => (ByteOrder::NATIVE, &descr[1..]),
        _ => (ByteOrder::NATIVE, descr.as_str()),
    };
    match Kind::from_code(code) {
        Some(kind) => Ok((kind, order)),
        None => Err(unsupported(descr, code)),
    }
}

fn unsupported(descr: &str, code: &str) -> Unsupported {
    let (what, advice) = match code.as_bytes().first() {
        Some(b'O') => (
            "pickled Python objects",
            "they are never loaded, as loading them runs code from the file; in Python, take the \
             numbers out of them and save each array by its name with np.savez(\"data.npz\", \
             name=np.asarray(values, dtype=\"float32\")), which needs no allow_pickle",
        ),
        Some(b'U' | b'S' | b'a') => (
            "text",
            "only numbers and booleans are read; leave it out or save numbers in its place",
        ),
        Some(b'c') => (
            "complex numbers",
            "save the arrays .real and .imag in their place",
        ),
        Some(b'M' | b'm') => (
            "dates or durations",
            "save them as integers, such as a.astype(\"datetime64[ns]\").astype(\"int64\")",
        ),
        Some(b'V') => (
            "raw bytes",
            "save numbers of a type that numpy has itself, such as a.astype(\"float32\")",
        ),
        Some(b'f') => (
            "floating point of an unusual size",
            "save it as a.astype(\"float64\")",
        ),
        _ => (
            "elements of an unknown type",
            "save numbers of a type that numpy has itself, such as a.astype(\"float32\")",
        ),
    };
    let descr: String = descr.chars().take(40).collect();
    Unsupported {
        found: format!("{what} (dtype {descr:?})"),
        advice,
    }
}

/// A structured type: a list with a tuple for each field.
fn records(descr: &Literal) -> Unsupported {
    const SHOWN: usize = 8;
    let mut fields = Vec::new();
    if let Literal::Sequence(items) = descr {
        for item in items.iter().take(SHOWN) {
            match item {
                Literal::Sequence(field) => match field.first() {
                    Some(Literal::Text(name)) => fields.push(format!("{name:.40?}")),
                    _ => fields.push("?".to_owned()),
                },
                _ => fields.push("?".to_owned()),
            }
        }
        if items.len() > SHOWN {
            fields.push("…".to_owned());
        }
    }
    Unsupported {
        found: format!(
            "records (a structured dtype with fields {})",
            fields.join(", ")
        ),
        advice: "save each field as an array of its own, such as np.savez(\"data.npz\", x=a[\"x\"])",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(descr: &str) -> Result<(Kind, ByteOrder), Unsupported> {
        parse(&Literal::Text(descr.to_owned()))
    }

    #[test]
    fn byte_orders_are_told_apart() {
        assert_eq!(of("<f4"), Ok((Kind::F32, ByteOrder::Little)));
        assert_eq!(of(">f2"), Ok((Kind::F16, ByteOrder::Big)));
        assert_eq!(of("=i8"), Ok((Kind::I64, ByteOrder::NATIVE)));
        assert_eq!(of("|b1"), Ok((Kind::Bool, ByteOrder::NATIVE)));
        assert_eq!(of("u2"), Ok((Kind::U16, ByteOrder::NATIVE)));
    }

    #[test]
    fn other_types_are_named_with_advice() {
        for (descr, word, advice) in [
            ("|O", "pickled", "np.savez("),
            ("<U3", "text", "leave it out"),
            ("|S3", "text", "leave it out"),
            ("<c16", "complex", ".real"),
            ("<M8[ns]", "dates", "int64"),
            ("|V2", "raw bytes", "float32"),
            ("<f16", "unusual size", "float64"),
            ("<q9", "unknown", "float32"),
            ("", "unknown", "float32"),
            ("ä", "unknown", "float32"),
        ] {
            let error = of(descr).unwrap_err();
            assert!(error.found.contains(word), "{error:?}");
            assert!(error.found.contains(descr), "{error:?}");
            assert!(error.advice.contains(advice), "{error:?}");
        }
    }

    #[test]
    fn fields_of_records_are_listed() {
        let field = |name: &str| {
            Literal::Sequence(vec![
                Literal::Text(name.into()),
                Literal::Text("<f4".into()),
            ])
        };
        let error = parse(&Literal::Sequence(vec![field("x"), field("y")])).unwrap_err();
        assert!(error.found.ends_with("fields \"x\", \"y\")"), "{error:?}");
    }
}
