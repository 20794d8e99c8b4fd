//! What is said where kernels cannot be compiled.

use crate::probe::compile;
use robocache_testkit::emulate::ready;
use std::process::Command;

#[test]
fn a_source_with_a_mistake_is_an_error_with_the_compilers_words() {
    let error = compile("extern \"C\" __global__ void ENTRY(int* out) {\n out[0] = nobody;\n}\n");
    let Err(words) = error else { panic!() };
    assert!(
        words.contains("test/probe.cu:2") && words.contains("nobody"),
        "{words}"
    );
}

#[test]
fn every_kernel_of_the_registry_is_there() {
    assert_eq!(ready(), Ok(()));
    for variant in robocache_kernels::VARIANTS {
        for entry in variant.entries {
            for function in entry.functions {
                let kernel = robocache_testkit::emulate::kernel(function.symbol).unwrap();
                assert_eq!(kernel.param_bytes().len(), 1, "{}", function.symbol);
            }
        }
    }
    assert!(robocache_testkit::emulate::kernel("nobody").is_err());
}

const CHILD: &str = "ROBOCACHE_WITHOUT_COMPILER";

/// In a process of its own, as the compiler is looked for once.
#[test]
fn a_missing_compiler_is_named() {
    if std::env::var_os(CHILD).is_some() {
        let Err(words) = ready() else { panic!() };
        assert!(words.contains("C++ compiler"), "{words}");
        assert!(words.contains("no-such-compiler -O3 (from CXX"), "{words}");
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["compiler::a_missing_compiler_is_named", "--exact"])
        .env(CHILD, "1")
        .env("CXX", "no-such-compiler -O3")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}
