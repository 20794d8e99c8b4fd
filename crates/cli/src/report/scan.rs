//! What is shown of a scan?

use std::fmt::{self, Display, Write as _};

use super::ScanReport;
use super::page::runs;
use super::text::Escaped;

/// A scan in voxels: its picture, its figures and what was measured.
pub(super) struct Section<'s>(pub(super) &'s ScanReport);

impl Display for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scan = self.0;
        writeln!(
            f,
            "<section class=\"scan\" id=\"scan\"><h2>{}</h2>\n<p class=\"facts\">{}</p>",
            Escaped(&scan.title),
            Escaped(&scan.facts)
        )?;
        if !scan.picture.is_empty() {
            writeln!(
                f,
                "<figure><img alt=\"{}\" src=\"data:image/png;base64,{}\"/>\
                 <figcaption class=\"facts\">{}</figcaption></figure>",
                Escaped(&scan.label),
                Base64(&scan.picture),
                Escaped(&scan.label)
            )?;
        }
        if !scan.runs.is_empty() {
            runs(f, &scan.runs)?;
        }
        for note in &scan.notes {
            writeln!(f, "<p class=\"facts\">{}</p>", Escaped(note))?;
        }
        f.write_str("</section>\n")
    }
}

/// Bytes as text (RFC 4648), so that a picture can be part of a page.
struct Base64<'b>(&'b [u8]);

impl Display for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for three in self.0.chunks(3) {
            let mut bytes = [0; 4];
            bytes[1..=three.len()].copy_from_slice(three);
            let word = u32::from_be_bytes(bytes);
            for digit in 0..4 {
                let at = (word >> (18 - 6 * digit)) & 63;
                // Digits that hold nothing of these bytes.
                f.write_char(match digit as usize > three.len() {
                    true => '=',
                    false => char::from(DIGITS[at as usize]),
                })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 4648, section 10, and bytes that use all digits.
    #[test]
    fn bytes_become_the_text_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(Base64(bytes.as_bytes()).to_string(), text);
        }
        assert_eq!(
            Base64(&[0xfb, 0xff, 0xbf, 0, 16, 131]).to_string(),
            "+/+/ABCD"
        );
    }
}
