//! What does a Python literal say?
//!
//! An NPY header is a dictionary written in Python: strings, integers, `True`, `False`, `None`, and
//! tuples, lists and dictionaries of these. Nothing else is understood.

/// The depth to which literals may be nested; headers need three or four.
const DEEPEST: usize = 16;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Integer(u64),
    Bool(bool),
    None,
    /// A tuple or a list.
    Sequence(Vec<Literal>),
    Dictionary(Vec<(Literal, Literal)>),
}

/// What is wrong with the text.
pub(super) type Fault = &'static str;

/// The literal that the text consists of, but for blanks around it.
pub(super) fn parse(text: &[u8]) -> Result<Literal, Fault> {
    let mut parser = Parser { rest: text };
    let literal = parser.literal(0)?;
    parser.skip_blanks();
    if parser.rest.is_empty() {
        Ok(literal)
    } else {
        Err("text follows the dictionary")
    }
}

struct Parser<'a> {
    rest: &'a [u8],
}

impl Parser<'_> {
    fn literal(&mut self, depth: usize) -> Result<Literal, Fault> {
        if depth > DEEPEST {
            return Err("brackets are nested too deeply");
        }
        self.skip_blanks();
        match self.rest.first() {
            Some(&quote @ (b'\'' | b'"')) => self.text(quote),
            Some(b'0'..=b'9') => self.integer(),
            Some(b'(') => self.sequence(b')', depth),
            Some(b'[') => self.sequence(b']', depth),
            Some(b'{') => self.dictionary(depth),
            Some(b'A'..=b'Z') => self.word(),
            Some(b'-') => Err("a number is negative"),
            Some(_) => Err("a character is out of place"),
            None => Err("it ends too early"),
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// Takes the byte, with blanks before it, if it comes next.
    fn accept(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        match self.rest.split_first() {
            Some((&first, rest)) if first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn text(&mut self, quote: u8) -> Result<Literal, Fault> {
        let mut bytes = Vec::new();
        let mut rest = self.rest.iter().skip(1);
        loop {
            match rest.next() {
                None => return Err("a string is not closed"),
                Some(&byte) if byte == quote => break,
                // Escapes occur only in names of fields, which are merely shown.
                Some(b'\\') => bytes.extend(rest.next()),
                Some(&byte) => bytes.push(byte),
            }
        }
        let left = rest.len();
        self.rest = &self.rest[self.rest.len() - left..];
        Ok(Literal::Text(String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn integer(&mut self) -> Result<Literal, Fault> {
        let mut value = 0u64;
        while let Some((&byte @ b'0'..=b'9', rest)) = self.rest.split_first() {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u64::from(byte - b'0')))
                .ok_or("a number is too large")?;
            self.rest = rest;
        }
        // Python 2 wrote long integers so.
        if let Some(rest) = self.rest.strip_prefix(b"L") {
            self.rest = rest;
        }
        Ok(Literal::Integer(value))
    }

    fn word(&mut self) -> Result<Literal, Fault> {
        for (word, literal) in [
            (&b"True"[..], Literal::Bool(true)),
            (b"False", Literal::Bool(false)),
            (b"None", Literal::None),
        ] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(literal);
            }
        }
        Err("a word is not understood")
    }

    fn sequence(&mut self, end: u8, depth: usize) -> Result<Literal, Fault> {
        self.rest = &self.rest[1..];
        let mut items = Vec::new();
        while !self.accept(end) {
            items.push(self.literal(depth + 1)?);
            if !self.accept(b',') {
                return match self.accept(end) {
                    // Without a comma, brackets only group.
                    true if end == b')' && items.len() == 1 => Ok(items.remove(0)),
                    true => Ok(Literal::Sequence(items)),
                    false => Err("a bracket is not closed"),
                };
            }
        }
        Ok(Literal::Sequence(items))
    }

    fn dictionary(&mut self, depth: usize) -> Result<Literal, Fault> {
        self.rest = &self.rest[1..];
        let mut entries = Vec::new();
        while !self.accept(b'}') {
            let key = self.literal(depth + 1)?;
            if !self.accept(b':') {
                return Err("a colon is missing");
            }
            entries.push((key, self.literal(depth + 1)?));
            if !self.accept(b',') {
                return match self.accept(b'}') {
                    true => Ok(Literal::Dictionary(entries)),
                    false => Err("a bracket is not closed"),
                };
            }
        }
        Ok(Literal::Dictionary(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Literal::{Bool, Dictionary, Integer, None, Sequence, Text};

    #[test]
    fn literals_are_understood() {
        for (text, expected) in [
            (" 'a\\'b' ", Text("a'b".into())),
            ("\"it's\"", Text("it's".into())),
            ("18446744073709551615", Integer(u64::MAX)),
            ("7L", Integer(7)),
            ("True", Bool(true)),
            ("None", None),
            ("()", Sequence(vec![])),
            ("(3,)", Sequence(vec![Integer(3)])),
            ("(3)", Integer(3)),
            ("[3]", Sequence(vec![Integer(3)])),
            ("(3, 4 ,)", Sequence(vec![Integer(3), Integer(4)])),
            (
                "{'x': False, 'y': (1,), }\n",
                Dictionary(vec![
                    (Text("x".into()), Bool(false)),
                    (Text("y".into()), Sequence(vec![Integer(1)])),
                ]),
            ),
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn faults_are_named() {
        for (text, fault) in [
            ("", "it ends too early"),
            ("'abc", "a string is not closed"),
            ("'abc\\", "a string is not closed"),
            ("18446744073709551616", "a number is too large"),
            ("-1", "a number is negative"),
            ("(1, 2", "a bracket is not closed"),
            ("(1 2)", "a bracket is not closed"),
            ("{'a': 1", "a bracket is not closed"),
            ("{'a' 1}", "a colon is missing"),
            ("Truth", "a word is not understood"),
            ("1 1", "text follows the dictionary"),
            ("*", "a character is out of place"),
            (&"(".repeat(100_000), "brackets are nested too deeply"),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(fault), "{:.20}", text);
        }
    }
}
