//! What is changed in a kernel source before a C++ compiler sees it.

/// `extern __shared__ ... T name[];` has no counterpart in C++: its size is that of the launch. So the name
/// becomes a macro for where that memory is. Lines stay where they are.
pub(super) fn rewritten(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match dynamic_shared(line.trim()) {
            Some((element, name)) => out.push_str(&format!(
                "#define {name} (emulated::dynamic_shared<{element}>())\n"
            )),
            None => out.push_str(line),
        }
    }
    out
}

/// The element type and the name, if a line declares dynamic shared memory.
fn dynamic_shared(line: &str) -> Option<(&str, &str)> {
    let mut rest = line.strip_prefix("extern __shared__ ")?.trim_start();
    for attribute in ["__align__(", "alignas("] {
        if let Some(arguments) = rest.strip_prefix(attribute) {
            rest = arguments.split_once(')')?.1.trim_start();
        }
    }
    let (element, name) = rest.split_once("[];")?.0.rsplit_once([' ', '*'])?;
    let pointer = rest[element.len()..].starts_with('*');
    Some((&rest[..element.len() + usize::from(pointer)], name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamic_shared_memory_is_found_in_each_of_its_forms() {
        for (line, expected) in [
            (
                "extern __shared__ unsigned char staged[];",
                Some(("unsigned char", "staged")),
            ),
            (
                "extern __shared__ __align__(16) float4 x[]; // why",
                Some(("float4", "x")),
            ),
            ("extern __shared__ alignas(128) T *p[];", Some(("T *", "p"))),
            ("__shared__ int fixed[4];", None),
            ("// extern __shared__ int x[];", None),
        ] {
            assert_eq!(dynamic_shared(line), expected, "{line}");
        }
    }

    #[test]
    fn everything_else_stays_line_by_line() {
        let text = "a\n    extern __shared__ int x[];\nb";
        let expected = "a\n#define x (emulated::dynamic_shared<int>())\nb";
        assert_eq!(rewritten(text), expected);
    }
}
