//! Is a page well-formed?

/// Checks that every element is closed in its order and that text and attributes are escaped.
///
/// The page is written in the part of HTML that is also XML but for its first line; scripts and
/// styles are taken as they are.
fn check_well_formed(html: &str) -> Result<usize, String> {
    let mut rest = html
        .strip_prefix("<!DOCTYPE html>\n")
        .ok_or("no document type")?;
    let mut open: Vec<&str> = Vec::new();
    let mut elements = 0;
    while let Some(start) = rest.find('<') {
        check_text(&rest[..start])?;
        let end = start + rest[start..].find('>').ok_or("a tag without an end")?;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let expected = open.pop();
            if expected != Some(name) {
                return Err(format!("</{name}> closes {expected:?}"));
            }
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |t| (t, true));
        let name = tag
            .split_whitespace()
            .next()
            .ok_or("a tag without a name")?;
        check_attributes(&tag[name.len()..]).map_err(|why| format!("<{name}>: {why}"))?;
        elements += 1;
        if closed {
            continue;
        }
        if name == "style" || name == "script" {
            let close = format!("</{name}>");
            let end = rest.find(&close).ok_or("raw text without an end")?;
            rest = &rest[end + close.len()..];
        } else {
            open.push(name);
        }
    }
    check_text(rest)?;
    match open.last() {
        Some(name) => Err(format!("<{name}> is never closed")),
        None => Ok(elements),
    }
}

fn check_attributes(mut rest: &str) -> Result<(), String> {
    while !rest.trim().is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or_else(|| rest.to_owned())?;
        let (value, after) = after.split_once('"').ok_or_else(|| rest.to_owned())?;
        if !name
            .trim()
            .chars()
            .all(|c| c.is_ascii_alphabetic() || c == '-')
        {
            return Err(format!("attribute {name:?}"));
        }
        if !name.starts_with(' ') && !name.starts_with('\n') {
            return Err(format!("no space before {name:?}"));
        }
        check_text(value)?;
        rest = after;
    }
    Ok(())
}

fn check_text(text: &str) -> Result<(), String> {
    if text.contains(['<', '>']) {
        return Err(format!("a bare angle bracket in {text:?}"));
    }
    for part in text.split('&').skip(1) {
        let entity = part.split(';').next().unwrap_or_default();
        if !["amp", "lt", "gt", "quot", "#39"].contains(&entity) {
            return Err(format!("a bare ampersand before {part:?}"));
        }
    }
    Ok(())
}

pub(super) fn assert_well_formed(html: &str) {
    if let Err(why) = check_well_formed(html) {
        panic!("{why}");
    }
    for bad in ["NaN", "inf\"", "inf,", ",inf", "Infinity\""] {
        let body = html.split("<script>").next().unwrap_or_default();
        assert!(!body.contains(bad), "{bad} in the page");
    }
}

#[test]
fn the_checker_can_fail() {
    for bad in [
        "<p>",
        "<p><b></p></b>",
        "<p>a & b</p>",
        "<p a=\"x\"b=\"y\"></p>",
        "<p a=\"&x\"></p>",
        "</p>",
        "<p a=x></p>",
        "a > b",
    ] {
        let html = format!("<!DOCTYPE html>\n{bad}");
        assert!(check_well_formed(&html).is_err(), "{bad}");
    }
    let good = "<!DOCTYPE html>\n<p a=\"&quot;\">x<i/>&lt;<style>a > b</style></p>\n";
    assert_eq!(check_well_formed(good), Ok(3));
}
