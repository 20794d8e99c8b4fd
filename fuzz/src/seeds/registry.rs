//! Tables of variants.

use super::{Seed, add};

pub(super) fn seeds(seeds: &mut Vec<Seed>) {
    let head = "architectures = [80, 90]\n";
    let cpu = "[[variant]]\nid = \"toy.scalar.cpu\"\nsummary = \"plain\"\ntarget = { cpu = \"scalar\" }\n\
               dtypes = [\"f16\", \"f32\"]\n";
    let cuda = "[[variant]]\nid = \"toy.wide.sm80\"\nsummary = \"wide\"\n\
                target = { cuda = { min = 80, max = 90 } }\ndtypes = [\"f16\", \"bf16\"]\n\
                source = \"toy/wide.cu\"\nentry = \"toy_wide_{dtype}\"\n\
                budget = { registers = 64, shared_bytes = 0, spill_bytes = 8 }\n\
                instructions = [\"load128\", \"bulk_copy\"]\n";
    let mut add = |name, good, text: String| add(seeds, "registry", name, good, text.as_bytes());
    add("both", true, format!("{head}{cpu}{cuda}"));
    add("none", true, format!("{head}variant = []\n"));
    add("twice", false, format!("{head}{cpu}{cpu}"));
    add("unknown", false, format!("{head}{cpu}speed = 1\n"));
    add("type", false, format!("{head}{}", cpu.replace("f32", "f8")));
    add(
        "lines",
        false,
        format!("{head}{}", cpu.replace("plain", "a\\nb")),
    );
}
