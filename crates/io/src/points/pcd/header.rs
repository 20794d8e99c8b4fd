//! What does the header say?

use super::lines::Lines;
use crate::error::{Emptiness, quoted};
use crate::points::cloud::MOST_COLUMNS;
use crate::points::number::Kind;
use crate::{Error, Result};
use std::io::BufRead;
use std::path::Path;

/// Bytes that a header may have.
const LONGEST: u64 = 1 << 20;

/// Bytes that the name of a field may have: a field of many values makes as many names of it.
const LONGEST_NAME: usize = 255;

const KEYWORDS: [&str; 10] = [
    "VERSION",
    "FIELDS",
    "SIZE",
    "TYPE",
    "COUNT",
    "WIDTH",
    "HEIGHT",
    "VIEWPOINT",
    "POINTS",
    "DATA",
];

/// What FIELDS was called in the first versions.
const FIELDS_BEFORE: &str = "COLUMNS";

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[derive(Debug, PartialEq)]
pub(super) struct Header {
    /// The fields in the file's order, at least one.
    pub(super) fields: Vec<Field>,
    /// The line that names them.
    pub(super) fields_line: u64,
    pub(super) points: usize,
    /// The line that says how many points there are.
    pub(super) points_line: u64,
    pub(super) encoding: Encoding,
}

/// One or more values of each point.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Values of this field in each point, at least one.
    pub(super) count: usize,
}

/// How the points below the header are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As text, a line for each point.
    Ascii,
    /// As bytes, a row for each point.
    Binary,
    /// As bytes, field after field, and compressed.
    Compressed,
}

/// Reads the header, up to and with its last line, DATA.
pub(super) fn read(lines: &mut Lines<'_, impl BufRead>, path: &Path) -> Result<Header> {
    let mut entries = Entries {
        path,
        found: Vec::new(),
    };
    let mut line = Vec::new();
    loop {
        let Some(number) = lines.next(&mut line)? else {
            if lines.bytes() == 0 {
                return Err(Error::Empty {
                    path: path.to_path_buf(),
                    what: Emptiness::NoPoints,
                });
            }
            return Err(Error::malformed(
                path,
                "the file ends within its header: no line DATA was found",
            ));
        };
        if lines.bytes() > LONGEST {
            return Err(Error::malformed(
                path,
                "the header has more than 1 MiB: no line DATA was found",
            ));
        }
        let text = match number {
            1 => line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line),
            _ => &line,
        };
        if entries.push(&String::from_utf8_lossy(text), number)? == Some("DATA") {
            return entries.header();
        }
    }
}

/// The lines of a header that say something.
struct Entries<'a> {
    path: &'a Path,
    found: Vec<Entry>,
}

struct Entry {
    keyword: &'static str,
    line: u64,
    /// What follows the keyword.
    text: String,
}

impl Entry {
    fn words(&self) -> impl Iterator<Item = &str> {
        self.text.split_whitespace()
    }
}

impl Entries<'_> {
    fn fault(&self, line: u64, what: impl std::fmt::Display) -> Error {
        Error::malformed(self.path, format!("line {line}: {what}"))
    }

    /// Takes a line and returns its keyword, if it has one.
    fn push(&mut self, text: &str, line: u64) -> Result<Option<&'static str>> {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let word = match word {
            FIELDS_BEFORE => "FIELDS",
            word => word,
        };
        let Some(&keyword) = KEYWORDS.iter().find(|&&keyword| keyword == word) else {
            return Err(self.fault(
                line,
                format_args!(
                    "found {}, expected a line of a PCD header: one of {}",
                    quoted(word),
                    KEYWORDS.join(", ")
                ),
            ));
        };
        if let Some(first) = self.find(keyword) {
            let first = first.line;
            let what = format_args!("{keyword} is already on line {first}; remove one");
            return Err(self.fault(line, what));
        }
        self.found.push(Entry {
            keyword,
            line,
            text: rest.to_owned(),
        });
        Ok(Some(keyword))
    }

    fn find(&self, keyword: &str) -> Option<&Entry> {
        self.found.iter().find(|entry| entry.keyword == keyword)
    }

    fn header(&self) -> Result<Header> {
        self.check_version()?;
        let (fields, fields_line) = self.fields()?;
        let (points, points_line) = self.points()?;
        Ok(Header {
            fields,
            fields_line,
            points,
            points_line,
            encoding: self.encoding()?,
        })
    }

    fn check_version(&self) -> Result<()> {
        match self.find("VERSION") {
            Some(entry)
                if !matches!(
                    entry.text.trim(),
                    "0.7" | ".7" | "0.6" | ".6" | "0.5" | ".5"
                ) =>
            {
                let what = format_args!(
                    "version {} of the PCD format is unknown, expected 0.5, 0.6 or 0.7",
                    quoted(entry.text.trim())
                );
                Err(self.fault(entry.line, what))
            }
            _ => Ok(()),
        }
    }

    fn encoding(&self) -> Result<Encoding> {
        let Some(entry) = self.find("DATA") else {
            return Err(Error::malformed(self.path, "the header has no line DATA"));
        };
        match entry.text.trim() {
            "ascii" => Ok(Encoding::Ascii),
            "binary" => Ok(Encoding::Binary),
            "binary_compressed" => Ok(Encoding::Compressed),
            other => {
                let what = format_args!(
                    "found DATA {}, expected ascii, binary or binary_compressed",
                    quoted(other)
                );
                Err(self.fault(entry.line, what))
            }
        }
    }

    /// The fields and the line that names them.
    fn fields(&self) -> Result<(Vec<Field>, u64)> {
        let Some(names) = self.find("FIELDS") else {
            return Err(Error::malformed(self.path, "the header has no line FIELDS"));
        };
        // So many that there is no sense in looking at them.
        self.check_values(names, names.words().count())?;
        let sizes = self.one_each(
            "SIZE",
            names,
            "4",
            |text| text.parse().ok(),
            "a number of bytes",
        )?;
        let letters = self.one_each("TYPE", names, "F", Some, "F, I or U")?;
        let is_count = |text: &str| text.parse().ok().filter(|&count: &usize| count > 0);
        let counts = self.one_each(
            "COUNT",
            names,
            "1",
            is_count,
            "a number of values, 1 or more",
        )?;
        let mut fields = Vec::with_capacity(sizes.len());
        for (((name, size), letter), count) in names.words().zip(sizes).zip(letters).zip(counts) {
            let Some(kind) = Kind::of(letter, size) else {
                let lines = [self.find("TYPE"), self.find("SIZE")];
                let line = lines.into_iter().flatten().map(|entry| entry.line).max();
                let what = format_args!(
                    "field {} has TYPE {} and SIZE {size}, expected F of 4 or 8 bytes, or I or U of \
                     1, 2, 4 or 8",
                    quoted(name),
                    quoted(letter)
                );
                return Err(self.fault(line.unwrap_or(names.line), what));
            };
            if name.len() > LONGEST_NAME {
                let what = format_args!(
                    "the name {} has {} bytes, expected at most {LONGEST_NAME}",
                    quoted(name),
                    name.len()
                );
                return Err(self.fault(names.line, what));
            }
            fields.push(Field {
                name: name.to_owned(),
                kind,
                count,
            });
        }
        let values = fields.iter().map(|field| field.count);
        let values = values.fold(0, usize::saturating_add);
        self.check_values(self.find("COUNT").unwrap_or(names), values)?;
        Ok((fields, names.line))
    }

    fn check_values(&self, entry: &Entry, values: usize) -> Result<()> {
        if values == 0 {
            return Err(self.fault(entry.line, "FIELDS names no fields"));
        }
        if values > MOST_COLUMNS {
            let what = format_args!("a point has {values} values, expected at most {MOST_COLUMNS}");
            return Err(self.fault(entry.line, what));
        }
        Ok(())
    }

    /// What a line says of each field; `default` for all of them if there is no such line.
    fn one_each<'s, T>(
        &'s self,
        keyword: &str,
        names: &Entry,
        default: &'static str,
        parse: impl Fn(&'s str) -> Option<T>,
        expected: &str,
    ) -> Result<Vec<T>> {
        let fields = names.words().count();
        let Some(entry) = self.find(keyword) else {
            return Ok((0..fields).filter_map(|_| parse(default)).collect());
        };
        let found = entry.words().count();
        if found != fields {
            let what = format_args!(
                "{keyword} has {found} entries, expected {fields}, one for each of FIELDS on line {}",
                names.line
            );
            return Err(self.fault(entry.line, what));
        }
        let parsed = entry.words().map(|word| {
            let what = || format!("found {keyword} {}, expected {expected}", quoted(word));
            parse(word).ok_or_else(|| self.fault(entry.line, what()))
        });
        parsed.collect()
    }

    /// The number of points and the line that says so.
    fn points(&self) -> Result<(usize, u64)> {
        let points = self.number("POINTS")?;
        let (width, height) = (self.number("WIDTH")?, self.number("HEIGHT")?);
        match (width, height, points) {
            (None, None, Some(points)) => Ok(points),
            (None, None, None) => Err(Error::malformed(
                self.path,
                "the header has neither POINTS nor WIDTH, one of which says how many points there are",
            )),
            (None, Some((_, line)), _) => Err(self.fault(line, "HEIGHT stands without WIDTH")),
            (Some((width, line)), height, points) => {
                let height = height.map_or(1, |(height, _)| height);
                let product = width.checked_mul(height);
                match (points, product) {
                    (Some((found, line)), _) if product != Some(found) => {
                        let product = (width as u128) * (height as u128);
                        let what = format_args!(
                            "found POINTS {found}, expected {product}, which is WIDTH {width} times \
                             HEIGHT {height}"
                        );
                        Err(self.fault(line, what))
                    }
                    (_, Some(product)) => Ok((product, points.map_or(line, |(_, line)| line))),
                    (_, None) => {
                        let what = format_args!(
                            "WIDTH {width} times HEIGHT {height} is more than any memory holds"
                        );
                        Err(self.fault(line, what))
                    }
                }
            }
        }
    }

    /// The whole number behind a keyword, and its line.
    fn number(&self, keyword: &str) -> Result<Option<(usize, u64)>> {
        let Some(entry) = self.find(keyword) else {
            return Ok(None);
        };
        match entry.text.trim().parse() {
            Ok(number) => Ok(Some((number, entry.line))),
            Err(_) => {
                let what = format_args!(
                    "found {keyword} {}, expected a whole number",
                    quoted(entry.text.trim())
                );
                Err(self.fault(entry.line, what))
            }
        }
    }
}
