//! Each way in which a table can be wrong is reported as itself, with the right line.

use robocache_io::csv::{Cells, ReadOptions, Table, parse_table, read_table};
use robocache_io::error::Emptiness;
use robocache_io::{Error, Result};

fn parse(text: &str) -> Result<Table> {
    parse_table(text.as_bytes(), "log.csv")
}

#[test]
fn a_missing_file_is_named() {
    let error = read_table("/no/such/log.csv", &ReadOptions::default(), &mut |_, _| {});
    let error = error.unwrap_err();
    assert!(matches!(error, Error::Io { .. }));
    assert!(
        error.to_string().starts_with("/no/such/log.csv: "),
        "{error}"
    );
}

#[test]
fn emptiness_says_what_is_empty() {
    for (text, expected) in [
        ("", Emptiness::NoContent),
        ("\u{feff}", Emptiness::NoContent),
        ("\n  \r\n", Emptiness::NoContent),
        ("a,b", Emptiness::NoRows),
        ("a,b\n\n# nothing\n", Emptiness::NoRows),
        ("#time,x\n", Emptiness::NoRows),
    ] {
        match parse(text) {
            Err(Error::Empty { what, .. }) => assert_eq!(what, expected, "{text:?}"),
            other => panic!("{text:?}: {other:?}"),
        }
    }
    let message = parse("a,b\n").unwrap_err().to_string();
    assert_eq!(
        message,
        "log.csv: the file has a header but no rows below it"
    );
}

#[test]
fn values_in_place_of_names_are_no_header() {
    let Err(Error::NoHeader { line, cell, .. }) = parse("\n0.5,1e3\n1,2\n") else {
        panic!("taken");
    };
    assert_eq!((line, cell.as_str()), (2, "0.5"));
}

#[test]
fn rows_of_another_length_are_ragged() {
    for (row, count) in [("1,2\n", 2), ("1,2,3,4", 4), ("1", 1), ("\"1,2\",3\r\n", 2)] {
        let text = format!("\u{feff}# made today\r\na,b,c\r\n1,2,3\r\n\r\n{row}");
        let error = parse(&text).unwrap_err();
        let Error::Ragged {
            line,
            found,
            expected,
            header_line,
            ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((line, found, expected, header_line), (5, count, 3, 2));
    }
    assert_eq!(
        parse("a,b\n1\n").unwrap_err().to_string(),
        "log.csv, line 2: found 1 cell(s), expected 2 as in the header on line 1"
    );
}

#[test]
fn a_cell_that_is_no_number_is_refused_at_its_line() {
    // Three lines of quoted text and a comment lie before it.
    let text = "t, #q0 ,note\n1,0.5,\"a\nb\n\nc\"\n# pause\n2,n/a,d\n3,bad,e\n";
    let error = parse(text).unwrap_err();
    let Error::NotANumber {
        line, column, cell, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((line, column.as_str(), cell.as_str()), (7, "q0", "n/a"));
}

#[test]
fn a_cell_that_is_no_boolean_is_refused_at_its_line() {
    for (text, expected) in [
        ("ok\nTrue\nfalse\nyes\n", (4, "yes")),
        ("ok,x\ntrue,1\n,2\n", (3, "")),
        ("ok,x\n,1\n,2\ntrue,3\n", (2, "")),
    ] {
        let error = parse(text).unwrap_err();
        let Error::NotABool {
            line, column, cell, ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((line, cell.as_str()), expected);
        assert_eq!(column, "ok");
    }
}

#[test]
fn a_gap_among_integers_that_would_lose_digits_is_refused() {
    let text = "t,x\n1,1\n\n1403715273262142977,2\n,3\n";
    let error = parse(text).unwrap_err();
    let Error::MissingInteger {
        line,
        integer,
        integer_line,
        ref column,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(
        (line, integer, integer_line),
        (5, 1_403_715_273_262_142_977, 4)
    );
    assert_eq!(column, "t");
    // The same gap costs nothing where floating point holds every digit.
    let table = parse("t,x\n1403715273262142976,2\n,3\n").unwrap();
    assert!(
        matches!(&table.columns[0].cells, Cells::F64(t) if t[0] as i64 == 1_403_715_273_262_142_976)
    );
}

#[test]
fn columns_are_found_by_name_or_the_nearest_names_listed() {
    let table = parse("#timestamp [ns], p_RS_R_x [m],go\n1,2,left\n").unwrap();
    assert_eq!(table.columns[0].name, "#timestamp [ns]");
    assert_eq!(table.column("p_RS_R_x [m]").unwrap().name, " p_RS_R_x [m]");
    let error = table.column("p_RS_R_y [m]").unwrap_err();
    assert_eq!(
        error.to_string(),
        "log.csv: no column \"p_RS_R_y [m]\"; there are \"p_RS_R_x [m]\", \"timestamp [ns]\", \
         \"go\""
    );
    let error = table.column("go").unwrap().to_f64().unwrap_err();
    let Error::NotANumber { line, cell, .. } = error else {
        panic!("{error}");
    };
    assert_eq!((line, cell.as_str()), (2, "left"));
}

#[test]
fn names_given_twice_are_refused() {
    let error = parse("t,x,y,x\n1,2,3,4\n").unwrap_err();
    let Error::DuplicateColumn {
        column,
        first,
        second,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((column.as_str(), first, second), ("x", 2, 4));
}

#[test]
fn broken_quotes_and_other_encodings_are_malformed() {
    for (text, hint) in [
        (
            &b"a,b\n1,2\n3,\"4\n5,6\n"[..],
            "line 3: a quote is opened and never closed",
        ),
        (b"a,b\n1,\"2\"3\n", "line 2: text follows a closing quote"),
        (b"\"a,b\n", "line 1: a quote is opened and never closed"),
        (b"#\"a,b\n1,2\n", "found 2 cell(s), expected 2"),
        (b"\xff\xfea\0,\0b\0", "UTF-16"),
        (b"PK\x03\x04\0\0", "binary data"),
    ] {
        match parse_table(text, "log.csv") {
            Err(error) => assert!(error.to_string().contains(hint), "{error}"),
            // A quote within a name, as in `#"a`, is part of it.
            Ok(table) => assert_eq!(table.columns[0].name, "#\"a"),
        }
    }
}

#[test]
fn a_quote_that_is_never_closed_does_not_take_the_whole_file() {
    let mut text = "a,b\n1,\"2\n".to_owned();
    text.push_str(&"3,4\n".repeat(6_000_000));
    let error = parse(&text).unwrap_err().to_string();
    assert!(
        error.contains("line 2: the row has more than 16 MiB"),
        "{error}"
    );
}
