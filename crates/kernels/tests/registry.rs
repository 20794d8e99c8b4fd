//! What is wrong with a registry is told by variant and field, and nothing panics.

#[allow(dead_code)]
#[path = "../build/registry.rs"]
mod registry;

const GOOD: &str = r#"
architectures = [80, 90]

[[variant]]
id = "toy.scalar.cpu"
summary = "plain"
target = { cpu = "scalar" }
dtypes = ["f16", "f32"]

[[variant]]
id = "toy.wide.sm80"
summary = "wide"
target = { cuda = { min = 80, max = 90 } }
dtypes = ["f16", "f32"]
source = "toy/wide.cu"
entry = "toy_wide_{dtype}"
budget = { registers = 64, shared_bytes = 0 }
instructions = ["load128", "bulk_copy"]
"#;

fn parse(text: &str) -> Result<registry::Registry, String> {
    registry::parse(text, |path| path == "toy/wide.cu")
}

#[test]
fn a_registry_is_read() {
    let found = parse(GOOD).unwrap();
    assert_eq!(found.architectures, [80, 90]);
    let entries: Vec<_> = found.variant[1].entries().collect();
    assert_eq!(
        entries,
        [
            ("toy_wide_f16".to_owned(), Some("f16")),
            ("toy_wide_f32".to_owned(), Some("f32"))
        ]
    );
    assert_eq!(found.variant[1].instructions, ["load128", "bulk_copy"]);
    assert_eq!(found.variant[0].entries().count(), 0);
    assert_eq!(registry::identifier("toy.wide.sm80"), "TOY_WIDE_SM80");
}

#[test]
fn entries_are_for_a_type_or_for_all_and_have_stages() {
    let changed = GOOD.replace(
        r#"entry = "toy_wide_{dtype}""#,
        "entry = \"toy_wide\"\nstages = [\"clear\", \"add\"]",
    );
    let found = parse(&changed).unwrap();
    let entries: Vec<_> = found.variant[1].entries().collect();
    assert_eq!(entries, [("toy_wide".to_owned(), None)]);
    let symbols = found.variant[1].symbols("toy_wide");
    assert_eq!(symbols, ["toy_wide_clear", "toy_wide_add"]);
    // Another variant with the same symbols.
    let variant = changed.rfind("[[variant]]").unwrap();
    let again = changed[variant..].replace("toy.wide.sm80", "toy.wider.sm80");
    let error = parse(&format!("{changed}\n{again}")).unwrap_err();
    let expected = "toy.wider.sm80: entry: the entry toy_wide_clear is there twice";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn the_registry_of_this_repository_is_sound() {
    let text = include_str!("../registry.toml");
    assert!(registry::parse(text, |_| true).is_ok());
}

#[test]
fn what_is_wrong_is_named_by_variant_and_field() {
    for (from, to, expected) in [
        ("[80, 90]", "[80, 80]", "architectures: 80 is there twice"),
        (
            "toy.scalar.cpu",
            "toy.scalar",
            "toy.scalar: id: expected <operation>.<idea>.<target>",
        ),
        ("toy.scalar.cpu", "", "a variant without id: id: expected"),
        (
            "toy.scalar.cpu",
            "toy.Scalar.cpu",
            "toy.Scalar.cpu: id: expected",
        ),
        (
            "toy.scalar.cpu",
            "toy.wide.sm80",
            "toy.wide.sm80: id: another variant",
        ),
        (
            "toy.scalar.cpu",
            "toy.wide_sm80.x\\n",
            "toy.wide_sm80.x\\n: id: expected",
        ),
        (
            r#""plain""#,
            r#""plain\nfn""#,
            "toy.scalar.cpu: summary: expected one line",
        ),
        (
            r#""plain""#,
            r#""""#,
            "toy.scalar.cpu: summary: expected one line",
        ),
        (
            "max = 90",
            "max = 79",
            "toy.wide.sm80: target: max = 79 is below min = 80",
        ),
        (
            r#""f16", "f32"]"#,
            "]",
            "toy.scalar.cpu: dtypes: expected at least one type",
        ),
        (
            r#""f16", "f32"]"#,
            r#""f16", "f8"]"#,
            "toy.scalar.cpu: dtypes: there is no type \"f8\"",
        ),
        (
            r#""f16", "f32"]"#,
            r#""f16", "f16"]"#,
            "toy.scalar.cpu: dtypes: f16 is there twice",
        ),
        (
            r#"{ cpu = "scalar" }"#,
            "{ cuda = { min = 80 } }",
            "toy.scalar.cpu: source: missing",
        ),
        (
            "{ cuda = { min = 80, max = 90 } }",
            r#"{ cpu = "avx2" }"#,
            "toy.wide.sm80: source: only a variant for CUDA",
        ),
        (
            "toy/wide.cu",
            "toy/none.cu",
            "toy.wide.sm80: source: there is no kernels/toy/none.cu",
        ),
        (
            r#"entry = "toy_wide_{dtype}""#,
            "entry = \"toy_wide_{dtype}\"\nstages = [\"a\", \"a\"]",
            "toy.wide.sm80: stages: a is there twice",
        ),
        (
            r#"entry = "toy_wide_{dtype}""#,
            "entry = \"toy_wide_{dtype}\"\nstages = [\"a b\"]",
            "toy.wide.sm80: stages: \"a b\" cannot end a symbol of C",
        ),
        (
            r#"dtypes = ["f16", "f32"]"#,
            "dtypes = [\"f16\"]\nstages = [\"a\"]",
            "toy.scalar.cpu: stages: only a variant for CUDA",
        ),
        (
            "toy_wide_{dtype}",
            "toy wide {dtype}",
            "toy.wide.sm80: entry: \"toy wide f16\" is no symbol of C",
        ),
        (
            "toy_wide_{dtype}",
            "{dtype}[",
            "toy.wide.sm80: entry: \"f16[\" is no symbol of C",
        ),
        (
            "load128",
            "load129",
            "toy.wide.sm80: instructions: expected some of load128, store128, async_copy, bulk_copy; \
             found \"load129\"",
        ),
        (
            "load128",
            "bulk_copy",
            "toy.wide.sm80: instructions: bulk_copy is there twice",
        ),
        (
            r#"dtypes = ["f16", "f32"]"#,
            "dtypes = [\"f16\"]\ninstructions = [\"load128\"]",
            "toy.scalar.cpu: instructions: only a variant for CUDA",
        ),
        ("summary = \"wide\"", "summery = \"wide\"", "summery"),
        ("min = 80, ", "", "min"),
        ("[[variant]]", "[[", ""),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let error = parse(&GOOD.replacen(from, to, 1)).unwrap_err();
        assert!(error.contains(expected), "{from} -> {to}: {error}");
    }
}
