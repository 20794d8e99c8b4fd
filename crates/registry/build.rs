//! Nothing is built; a `links` key needs a build script.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
