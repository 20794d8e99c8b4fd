//! How are bytes decompressed?
//!
//! LZF, by Marc Lehmann: a stream of literal runs and of references to what came before. A first byte
//! below 32 says how many bytes, less one, follow as they are. Otherwise its upper three bits are a
//! length, less two, which the next byte adds to if they are 7; its lower five bits and the byte after
//! that are a distance back, less one.

/// The most bytes that one byte of LZF becomes: a reference of 3 bytes stands for up to 264.
pub(super) const MOST_EXPANSION: u64 = 88;

/// What is wrong with compressed bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Bytes before the part that is wrong.
    pub(super) at: usize,
    pub(super) what: &'static str,
}

/// Appends exactly `expected` bytes to `output`, which is empty and has room for them.
pub(super) fn decompress(input: &[u8], expected: usize, output: &mut Vec<u8>) -> Result<(), Fault> {
    let mut at = 0;
    while let Some(&first) = input.get(at) {
        let fault = |what| Fault { at, what };
        let room = expected - output.len();
        let mut next = at + 1;
        if first < 32 {
            let length = usize::from(first) + 1;
            let literal = input
                .get(next..next + length)
                .ok_or_else(|| fault("a run of bytes goes beyond the end"))?;
            if length > room {
                return Err(fault("there is more than the size says"));
            }
            output.extend_from_slice(literal);
            at = next + length;
            continue;
        }
        let mut byte = || {
            let byte = input.get(next).copied();
            next += 1;
            byte.ok_or_else(|| fault("a reference goes beyond the end"))
        };
        let mut length = usize::from(first >> 5) + 2;
        if first >> 5 == 7 {
            length += usize::from(byte()?);
        }
        let distance = (usize::from(first & 31) << 8) + usize::from(byte()?) + 1;
        let from = output
            .len()
            .checked_sub(distance)
            .ok_or_else(|| fault("a reference goes back to before the start"))?;
        if length > room {
            return Err(fault("there is more than the size says"));
        }
        if distance >= length {
            output.extend_from_within(from..from + length);
        } else {
            // It goes on in what it has itself appended.
            for byte in from..from + length {
                output.push(output[byte]);
            }
        }
        at = next;
    }
    if output.len() < expected {
        let what = "there is less than the size says";
        return Err(Fault { at, what });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(input: &[u8], expected: usize) -> Result<Vec<u8>, Fault> {
        let mut output = Vec::new();
        decompress(input, expected, &mut output).map(|()| output)
    }

    #[test]
    fn runs_and_references_become_bytes() {
        assert_eq!(of(&[], 0).unwrap(), b"");
        assert_eq!(of(b"\x02abc", 3).unwrap(), b"abc");
        assert_eq!(of(b"\x02abc\x20\x02", 6).unwrap(), b"abcabc");
        // References that go on in what they append.
        assert_eq!(of(b"\x00a\xc0\x00", 9).unwrap(), b"aaaaaaaaa");
        assert_eq!(of(b"\x01ab\x60\x01", 7).unwrap(), b"abababa");
        // The longest of a short and of a long reference.
        assert_eq!(of(b"\x00a\xe0\x00\x00", 10).unwrap(), [b'a'; 10]);
        assert_eq!(of(b"\x00a\xe0\xff\x00", 265).unwrap(), [b'a'; 265]);
        // The longest run, and a reference of the longest distance.
        let mut input = Vec::new();
        let mut expected = Vec::new();
        for run in 0..256u32 {
            let bytes: Vec<u8> = (0..32).map(|i| (run * 7 + i) as u8).collect();
            input.push(31);
            input.extend(&bytes);
            expected.extend(bytes);
        }
        input.extend([0x3f, 0xff]);
        expected.extend_from_within(..3);
        assert_eq!(of(&input, expected.len()).unwrap(), expected);
    }

    #[test]
    fn what_lies_outside_is_refused_where_it_is() {
        for (input, expected, at, what) in [
            (&b"\x02ab"[..], 3, 0, "a run of bytes goes beyond the end"),
            (b"\x00a\x1f", 9, 2, "a run of bytes goes beyond the end"),
            (b"\x00a\x20", 9, 2, "a reference goes beyond the end"),
            (b"\x00a\xe0\x01", 99, 2, "a reference goes beyond the end"),
            (b"\x20\x00", 9, 0, "before the start"),
            (b"\x00a\x20\x01", 9, 2, "before the start"),
            (b"\x02abc", 2, 0, "more than the size"),
            (b"\x00a\x20\x00", 3, 2, "more than the size"),
            (b"\x00a\x00b", 1, 2, "more than the size"),
            (b"\x00a\x20\x00", 5, 4, "less than the size"),
            (b"", 1, 0, "less than the size"),
        ] {
            let fault = of(input, expected).unwrap_err();
            assert_eq!(fault.at, at, "{input:?}: {fault:?}");
            assert!(fault.what.contains(what), "{input:?}: {fault:?}");
        }
    }

    #[test]
    fn nothing_expands_further_than_is_expected_of_it() {
        let mut input = b"\x00a".to_vec();
        input.extend(b"\xe0\xff\x00".repeat(100));
        let expected = 1 + 264 * 100;
        assert_eq!(of(&input, expected).unwrap().len(), expected);
        assert!(expected as u64 <= input.len() as u64 * MOST_EXPANSION);
    }
}
