//! Each way in which the header of a PCD file can be wrong is reported as itself, with its line.

use robocache_io::Error;
use robocache_io::points::{Format, parse_points};

fn refused(bytes: &[u8]) -> Error {
    parse_points(bytes, Format::Pcd).unwrap_err()
}

/// What is said of a header in which one line is replaced, or left out.
fn with(line: usize, text: &str) -> String {
    let header = "VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 2\nHEIGHT 1\n\
                  VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 2\nDATA ascii\n1 2 3\n4 5 6\n";
    parse_points(header.as_bytes(), Format::Pcd).unwrap();
    let mut lines: Vec<&str> = header.lines().collect();
    lines[line - 1] = text;
    lines.retain(|line| !line.is_empty());
    let error = refused(lines.join("\n").as_bytes());
    error
        .to_string()
        .strip_prefix("<bytes>: ")
        .unwrap()
        .to_owned()
}

#[test]
fn lines_of_a_header_that_make_no_sense_are_named() {
    for (line, text, expected) in [
        (
            1,
            "VERSION 0.8",
            "line 1: version \"0.8\" of the PCD format is unknown, expected 0.5, 0.6 or 0.7",
        ),
        (
            2,
            "FIELD x y z",
            "line 2: found \"FIELD\", expected a line of a PCD header: one of VERSION, \
                            FIELDS, SIZE, TYPE, COUNT, WIDTH, HEIGHT, VIEWPOINT, POINTS, DATA",
        ),
        (2, "", "the header has no line FIELDS"),
        (2, "FIELDS", "line 2: FIELDS names no fields"),
        (
            2,
            "FIELDS x y",
            "line 3: SIZE has 3 entries, expected 2, one for each of FIELDS on line 2",
        ),
        (
            3,
            "SIZE 4 4",
            "line 3: SIZE has 2 entries, expected 3, one for each of FIELDS on line 2",
        ),
        (
            4,
            "TYPE F F F F",
            "line 4: TYPE has 4 entries, expected 3, one for each of FIELDS on line 2",
        ),
        (
            5,
            "COUNT",
            "line 5: COUNT has 0 entries, expected 3, one for each of FIELDS on line 2",
        ),
        (
            3,
            "SIZE 4 four 4",
            "line 3: found SIZE \"four\", expected a number of bytes",
        ),
        (
            3,
            "SIZE 4 -4 4",
            "line 3: found SIZE \"-4\", expected a number of bytes",
        ),
        (
            3,
            "SIZE 4 2 4",
            "line 4: field \"y\" has TYPE \"F\" and SIZE 2, expected F of 4 or 8 bytes, or \
                           I or U of 1, 2, 4 or 8",
        ),
        (
            4,
            "TYPE F D F",
            "line 4: field \"y\" has TYPE \"D\" and SIZE 4, expected F of 4 or 8 bytes, or \
                           I or U of 1, 2, 4 or 8",
        ),
        (
            5,
            "COUNT 1 0 1",
            "line 5: found COUNT \"0\", expected a number of values, 1 or more",
        ),
        (
            5,
            "COUNT 1 1 -1",
            "line 5: found COUNT \"-1\", expected a number of values, 1 or more",
        ),
        (
            5,
            "COUNT 1 1 16383",
            "line 5: a point has 16385 values, expected at most 16384",
        ),
        (
            5,
            "COUNT 1 18446744073709551615 1",
            "line 5: a point has 18446744073709551615 values, expected \
                                               at most 16384",
        ),
        (
            6,
            "WIDTH two",
            "line 6: found WIDTH \"two\", expected a whole number",
        ),
        (
            6,
            "WIDTH 2 1",
            "line 6: found WIDTH \"2 1\", expected a whole number",
        ),
        (
            7,
            "HEIGHT -1",
            "line 7: found HEIGHT \"-1\", expected a whole number",
        ),
        (
            9,
            "POINTS",
            "line 9: found POINTS \"\", expected a whole number",
        ),
        (
            9,
            "POINTS 99999999999999999999",
            "line 9: found POINTS \"99999999999999999999\", expected a whole \
                                            number",
        ),
        (
            9,
            "POINTS 3",
            "line 9: found POINTS 3, expected 2, which is WIDTH 2 times HEIGHT 1",
        ),
        (
            7,
            "HEIGHT 2",
            "line 9: found POINTS 2, expected 4, which is WIDTH 2 times HEIGHT 2",
        ),
        (
            7,
            "HEIGHT 9999999999999999999",
            "line 9: found POINTS 2, expected 19999999999999999998, which is \
                                           WIDTH 2 times HEIGHT 9999999999999999999",
        ),
        (6, "", "line 6: HEIGHT stands without WIDTH"),
        (
            9,
            "WIDTH 2",
            "line 9: WIDTH is already on line 6; remove one",
        ),
        (
            10,
            "DATA text",
            "line 10: found DATA \"text\", expected ascii, binary or binary_compressed",
        ),
        (
            10,
            "DATA ascii 1",
            "line 10: found DATA \"ascii 1\", expected ascii, binary or \
                              binary_compressed",
        ),
        (
            10,
            "# DATA",
            "line 11: found \"1\", expected a line of a PCD header: one of VERSION, FIELDS, \
                        SIZE, TYPE, COUNT, WIDTH, HEIGHT, VIEWPOINT, POINTS, DATA",
        ),
    ] {
        assert_eq!(with(line, text), expected, "{text:?}");
    }
}

#[test]
fn headers_that_end_too_early_or_never_are_refused() {
    let error = refused(b"FIELDS x y z\nWIDTH 2\n").to_string();
    assert!(
        error.ends_with("the file ends within its header: no line DATA was found"),
        "{error}"
    );
    let error = refused("# a comment, and another one\n".repeat(50_000).as_bytes()).to_string();
    assert!(
        error.ends_with("the header has more than 1 MiB: no line DATA was found"),
        "{error}"
    );
    let error = refused(b"FIELDS x y z\nDATA ascii\n").to_string();
    assert!(error.contains("neither POINTS nor WIDTH"), "{error}");
    let error = refused(&[0; 1_100_000]).to_string();
    assert!(
        error.contains("line 1: the line has more than 1 MiB"),
        "{error}"
    );
}

#[test]
fn names_that_a_count_would_multiply_have_a_longest_length() {
    let file = |length| {
        let name = "h".repeat(length);
        let header = format!("FIELDS x y z {name}\nCOUNT 1 1 1 9999\nWIDTH 0\nDATA ascii\n");
        parse_points(header.as_bytes(), Format::Pcd)
    };
    assert_eq!(file(255).unwrap().columns.len(), 10_002);
    let error = file(256).unwrap_err().to_string();
    assert!(
        error.starts_with("<bytes>: line 1: the name \"hhh"),
        "{error}"
    );
    assert!(
        error.ends_with("has 256 bytes, expected at most 255"),
        "{error}"
    );
}

#[test]
fn products_that_overflow_are_refused() {
    let most = usize::MAX;
    let error = refused(format!("FIELDS x y z\nWIDTH {most}\nHEIGHT 2\nDATA binary\n").as_bytes());
    let text = error.to_string();
    assert!(
        text.contains("line 2: WIDTH 18446744073709551615 times HEIGHT 2 is more than"),
        "{text}"
    );
    let error =
        refused(format!("FIELDS x y z\nPOINTS {most}\nDATA binary\n").as_bytes()).to_string();
    assert!(
        error.contains("line 2: 18446744073709551615 points of 12 bytes are more"),
        "{error}"
    );
}

#[test]
fn columns_that_are_missing_or_there_twice_are_named() {
    let error = refused(b"FIELDS x y rgb\nWIDTH 1\nDATA ascii\n1 2 3\n");
    let Error::MissingColumn {
        ref column,
        ref available,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(column, "z");
    assert_eq!(available.len(), 3);
    // Of coordinates with several values each none is the coordinate.
    let error = refused(b"FIELDS x y z\nCOUNT 2 1 1\nWIDTH 1\nDATA ascii\n1 2 3 4\n");
    assert!(
        matches!(error, Error::MissingColumn { ref column, .. } if column == "x"),
        "{error}"
    );
    for fields in ["x y z a y", "x y z y"] {
        let error = refused(format!("FIELDS {fields}\nWIDTH 1\nDATA binary\n").as_bytes());
        assert!(
            matches!(error, Error::DuplicateColumn { first: 2, .. }),
            "{error}"
        );
    }
    let error = refused(b"FIELDS x y z a a[0]\nCOUNT 1 1 1 2 1\nWIDTH 1\nDATA binary\n");
    assert!(
        matches!(
            error,
            Error::DuplicateColumn {
                first: 4,
                second: 6,
                ..
            }
        ),
        "{error}"
    );
}
