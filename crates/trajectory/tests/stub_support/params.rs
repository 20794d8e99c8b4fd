//! Where a kernel finds the fields of its parameter struct, read from the kernels' own headers.

use std::collections::BTreeMap;

/// The fields of a C struct, by name; those of a nested one as `outer.inner`.
pub struct Fields {
    offsets: BTreeMap<String, usize>,
    bytes: usize,
}

impl Fields {
    /// `Params` in kernels/trajectory/params.cuh.
    pub fn of_params() -> Fields {
        let axis = Fields::parse("common/time.cuh", "Axis", None);
        Fields::parse("trajectory/params.cuh", "Params", Some(&axis))
    }

    /// Its size.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The offset of a field, or of an element as `name[i]`.
    #[track_caller]
    pub fn at(&self, name: &str) -> usize {
        let (field, index) = match name.split_once('[') {
            Some((field, rest)) => (field, rest.trim_end_matches(']').parse().unwrap()),
            None => (name, 0),
        };
        let offset = self.offsets.get(field);
        offset.unwrap_or_else(|| panic!("Params has no field {field}")) + 8 * index
    }

    /// Pointers and 64-bit integers take eight bytes, `u32` four; arrays are of the former.
    fn parse(header: &str, name: &str, axis: Option<&Fields>) -> Fields {
        let (_, text) = robocache_kernels::HEADERS
            .iter()
            .find(|(path, _)| *path == header)
            .unwrap();
        let (_, body) = text.split_once(&format!("struct {name} {{\n")).unwrap();
        let (body, _) = body.split_once("};").unwrap();
        let (mut at, mut offsets) = (0usize, BTreeMap::new());
        for line in body.lines() {
            let Some((declaration, _)) = line.split_once(';') else {
                continue;
            };
            let (ty, field) = declaration.trim().rsplit_once(' ').unwrap();
            let (field, count) = match field.split_once('[') {
                Some((field, n)) => (field, n.trim_end_matches(']').parse().unwrap()),
                None => (field, 1),
            };
            let pointer = ty.ends_with('*');
            let (size, align) = match ty {
                "u32" => (4, 4),
                // Two of them.
                "Run" => (8, 4),
                "Axis" => {
                    let axis = axis.unwrap();
                    for (inner, offset) in &axis.offsets {
                        offsets.insert(format!("{field}.{inner}"), at.next_multiple_of(8) + offset);
                    }
                    (axis.bytes, 8)
                }
                "u64" | "i64" => (8, 8),
                _ if pointer => (8, 8),
                _ => panic!("{header}: the size of {ty} is not known here"),
            };
            at = at.next_multiple_of(align);
            offsets.insert(field.to_owned(), at);
            at += size * count;
        }
        let bytes = at.next_multiple_of(8);
        Fields { offsets, bytes }
    }
}
