//! Tables come out as they are meant, in whatever dress they are written.

use proptest::prelude::*;
use robocache_io::csv::{
    Cells, ColumnRef, ReadOptions, Table, parse_table, read_table, write_table, write_table_to,
};

fn parse(text: &str) -> Table {
    parse_table(text.as_bytes(), "log.csv").unwrap()
}

#[test]
fn every_dress_gives_the_same_table() {
    let expected = parse("t,q,ok\n1,0.5,true\n2,-1,false\n").columns;
    for text in [
        "\u{feff}t,q,ok\r\n1,0.5,true\r\n2,-1,false\r\n",
        "t;q;ok\n1;0.5;true\n2;-1;false",
        "t\tq\tok\n1\t 0.5\ttrue\n\n2\t-1\tfalse\n",
        "# by x, y and z, a, b\n\nt,q,ok\n1 , 0.5, True\n# pause\n2,-1.0,FALSE\n",
        "\"t\",\"q\",ok\n\"1\",\"0.5\" , \"true\"\n2,\"-1\",false\n",
    ] {
        assert_eq!(parse(text).columns, expected, "{text:?}");
    }
}

#[test]
fn types_follow_from_the_cells() {
    let table = parse("a,b,c,d,e\n1403715273262142977,1,inf,,x\n-7,,nan,,1\n");
    assert_eq!(table.rows(), 2);
    let cells: Vec<&Cells> = table.columns.iter().map(|column| &column.cells).collect();
    assert_eq!(*cells[0], Cells::I64(vec![1_403_715_273_262_142_977, -7]));
    assert!(matches!(cells[1], Cells::F64(v) if v[0] == 1.0 && v[1].is_nan()));
    assert!(matches!(cells[2], Cells::F64(v) if v[0] == f64::INFINITY && v[1].is_nan()));
    assert!(matches!(cells[3], Cells::F64(v) if v.iter().all(|v| v.is_nan())));
    assert!(matches!(cells[4], Cells::Text(text) if text.line == 2 && text.cell == "x"));
}

#[test]
fn lines_of_rows_are_those_of_an_editor() {
    let text = "\n# c\nt,note\n1,a\n\n2,\"b\n\nc\"\n# d\n3,e\r\n4,\"f\r\ng\"\n5,h";
    let table = parse(text);
    let lines: Vec<u64> = (0..table.rows()).map(|row| table.line_of(row)).collect();
    assert_eq!(lines, [4, 6, 10, 11, 13]);
}

#[test]
fn options_override_what_is_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "a;b,c\n1;2,3\n#4;5,6\n").unwrap();
    let read = |delimiter, comment| {
        let options = ReadOptions { delimiter, comment };
        let table = read_table(&path, &options, &mut |_, _| {}).unwrap();
        let names: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
        (names.join("|"), table.rows())
    };
    assert_eq!(read(None, Some(b'#')), ("a;b|c".into(), 1));
    assert_eq!(read(Some(b';'), Some(b'#')), ("a|b,c".into(), 1));
    assert_eq!(read(Some(b','), None), ("a;b|c".into(), 2));
}

#[test]
fn progress_ends_with_the_size_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let values: Vec<i64> = (0..400_000).collect();
    write_table(&path, &[("n", ColumnRef::I64(&values))], &mut |_, _| {}).unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    let mut calls = Vec::new();
    let progress = &mut |done, all| calls.push((done, all));
    let table = read_table(&path, &ReadOptions::default(), progress).unwrap();
    assert_eq!(table.columns[0].cells, Cells::I64(values));
    assert!(calls.len() > 2, "{calls:?}");
    assert!(calls.is_sorted());
    assert!(calls.iter().all(|call| call.1 == size));
    assert_eq!(calls.last(), Some(&(size, size)));
}

#[test]
fn a_table_of_all_kinds_survives_with_names_that_need_quotes() {
    let names = [
        "#t, \"ns\"",
        " lead",
        "semi;tab\t",
        "line\nbreak",
        "Ünïcode",
    ];
    let (i, f, g) = (
        [i64::MIN, i64::MAX],
        [-0.0, 1e300],
        [0.1f32, f32::MIN_POSITIVE],
    );
    let (nan, ok) = ([f64::NAN, f64::NEG_INFINITY], [true, false]);
    let columns = [
        ColumnRef::I64(&i),
        ColumnRef::F64(&f),
        ColumnRef::F32(&g),
        ColumnRef::F64(&nan),
        ColumnRef::Bool(&ok),
    ];
    let named: Vec<_> = names.into_iter().zip(columns).collect();
    let mut bytes = Vec::new();
    write_table_to(&mut bytes, "log.csv", &named, &mut |_, _| {}).unwrap();
    let table = parse_table(&bytes[..], "log.csv").unwrap();
    let found: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(found, names);
    assert_eq!(table.columns[0].cells, Cells::I64(i.to_vec()));
    let floats = table.columns[1].to_f64().unwrap();
    assert_eq!(floats[0].to_bits(), (-0.0f64).to_bits());
    assert_eq!(floats[1], 1e300);
    let singles: Vec<f32> = table.columns[2]
        .to_f64()
        .unwrap()
        .iter()
        .map(|&v| v as f32)
        .collect();
    assert_eq!(singles, g);
    let floats = table.columns[3].to_f64().unwrap();
    assert!(floats[0].is_nan() && floats[1] == f64::NEG_INFINITY);
    assert_eq!(table.columns[4].cells, Cells::Bool(ok.to_vec()));
    assert_eq!(table.line_of(0), 3);
}

/// Text of a cell that a CSV file can hold in any way.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ,;\"\r\n\t#é]{0,8}",
        any::<i64>().prop_map(|value| value.to_string()),
        any::<f64>().prop_map(|value| format!("{value:?}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn numbers_survive(
        floats in prop::collection::vec(any::<f64>(), 1..40),
        seed: i64,
        name in "[^0-9\x00]{0,12}",
    ) {
        let integers: Vec<i64> = (1..).take(floats.len()).map(|i| seed.wrapping_mul(i)).collect();
        let singles: Vec<f32> = floats.iter().map(|&value| value as f32).collect();
        let name = format!("{name}x");
        let mut bytes = Vec::new();
        let columns = [
            (name.as_str(), ColumnRef::F64(&floats)),
            ("single 1", ColumnRef::F32(&singles)),
            ("integer 2", ColumnRef::I64(&integers)),
        ];
        write_table_to(&mut bytes, "log.csv", &columns, &mut |_, _| {}).unwrap();
        let table = parse_table(&bytes[..], "log.csv").unwrap();
        prop_assert_eq!(&table.columns[0].name, &name);
        let back = table.columns[0].to_f64().unwrap();
        for (value, back) in floats.iter().zip(back.iter()) {
            prop_assert!(value.to_bits() == back.to_bits() || value.is_nan() && back.is_nan());
        }
        let back = table.columns[1].to_f64().unwrap();
        for (value, back) in singles.iter().zip(back.iter()) {
            let back = *back as f32;
            prop_assert!(value.to_bits() == back.to_bits() || value.is_nan() && back.is_nan());
        }
        prop_assert_eq!(&table.columns[2].cells, &Cells::I64(integers));
    }

    /// Cells are split as by the csv crate, and the first text of a column is found where it is.
    #[test]
    fn another_implementation_finds_the_same_cells(
        rows in prop::collection::vec([texts(), texts(), texts()], 1..8),
        is_crlf: bool,
    ) {
        let mut writer = csv::WriterBuilder::new()
            .quote_style(csv::QuoteStyle::Always)
            .terminator(if is_crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .from_writer(Vec::new());
        writer.write_record(["a", "b", "c"]).unwrap();
        let mut lines = vec![2];
        for row in &rows {
            writer.write_record(row).unwrap();
            let breaks = row.iter().map(|cell| cell.matches('\n').count() as u64).sum::<u64>();
            lines.push(lines[lines.len() - 1] + breaks + 1);
        }
        let bytes = writer.into_inner().unwrap();
        let is_text = |cell: &String| {
            let cell = cell.trim_ascii();
            !cell.is_empty() && cell.parse::<f64>().is_err()
        };
        match parse_table(&bytes[..], "log.csv") {
            Ok(table) => {
                prop_assert_eq!(table.rows(), rows.len());
                for (row, line) in lines[..rows.len()].iter().enumerate() {
                    prop_assert_eq!(table.line_of(row), *line);
                }
                for (at, column) in table.columns.iter().enumerate() {
                    let first = rows.iter().position(|row| !row[at].trim_ascii().is_empty());
                    match (&column.cells, first) {
                        (Cells::Text(text), Some(row)) => {
                            prop_assert!(is_text(&rows[row][at]));
                            prop_assert_eq!(&text.cell, rows[row][at].trim_ascii());
                            prop_assert_eq!(text.line, lines[row]);
                        }
                        (Cells::I64(_) | Cells::F64(_), _) => {
                            prop_assert!(rows.iter().all(|row| !is_text(&row[at])));
                        }
                        other => prop_assert!(false, "{:?}", other),
                    }
                }
            }
            Err(robocache_io::Error::NotANumber { line, cell, .. }) => {
                let row = lines.iter().position(|&l| l == line).unwrap();
                prop_assert!(rows[row].iter().any(|c| is_text(c) && c.trim_ascii() == cell));
            }
            Err(robocache_io::Error::MissingInteger { line, .. }) => {
                let row = lines.iter().position(|&l| l == line).unwrap();
                let is_missing = |cell: &String| {
                    let cell = cell.trim_ascii();
                    cell.is_empty() || cell.eq_ignore_ascii_case("nan")
                };
                prop_assert!(rows[row].iter().any(is_missing));
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
