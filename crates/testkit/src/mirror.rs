//! Structs that the kernels and the host both know: where each field lies.

use robocache_kernels::HEADERS;

/// The text of a kernel header.
///
/// # Panics
/// If there is none of that name.
pub fn header(name: &str) -> &'static str {
    let found = HEADERS.iter().find(|(header, _)| *header == name);
    found.unwrap_or_else(|| panic!("there is no {name}")).1
}

/// The fields of a struct in a kernel header with the offsets that C gives them, and its size. `inner`: the structs
/// that are fields of it, with size and alignment.
///
/// # Panics
/// If the header has no such struct, or a type that is not known.
pub fn fields(
    header_name: &str,
    name: &str,
    inner: &[(&str, usize, usize)],
) -> (Vec<(String, usize)>, usize) {
    let text = header(header_name);
    let start = text.find(&format!("struct {name} {{"));
    let body = &text[start.expect("the struct is there")..];
    let body = &body[..body.find("};").expect("the struct ends")];
    let (mut at, mut found, mut widest) = (0usize, Vec::new(), 1);
    for line in body.lines().skip(1) {
        let Some((declaration, _)) = line.split_once(';') else {
            continue;
        };
        let (ty, field) = declaration.trim().rsplit_once(' ').expect("type and name");
        let (field, count) = match field.split_once('[') {
            Some((field, n)) => (field, n.trim_end_matches(']').parse().expect("a number")),
            None => (field, 1),
        };
        let (size, align) = match ty {
            "u32" | "i32" | "float" => (4, 4),
            "u64" | "i64" | "double" => (8, 8),
            pointer if pointer.ends_with('*') => (8, 8),
            ty => {
                let known = inner.iter().find(|(name, ..)| *name == ty);
                let &(_, size, align) = known.unwrap_or_else(|| panic!("{ty} is not known"));
                (size, align)
            }
        };
        at = at.next_multiple_of(align);
        found.push((field.to_owned(), at));
        at += size * count;
        widest = widest.max(align);
    }
    (found, at.next_multiple_of(widest))
}

/// The names and offsets of a struct's fields, to compare with [`fields`].
#[macro_export]
macro_rules! offsets {
    ($ty:ty: $($field:ident),* $(,)?) => {
        vec![$((stringify!($field).to_owned(), std::mem::offset_of!($ty, $field))),*]
    };
}
