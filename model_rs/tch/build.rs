//! Links libtorch, and notes in the executable where it was found and which version it was.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut version = "of an unknown version".to_owned();
    if let Ok(folder) = env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath={folder}");
        if let Some(known) = version_of(Path::new(&folder)) {
            version = known;
        }
    }
    println!("cargo::rustc-env=LIBTORCH_VERSION={version}");
    // Kernels register themselves when the library is loaded: no symbol of it need be named.
    println!("cargo::rustc-link-arg=-Wl,--no-as-needed");
    println!("cargo::rustc-link-arg=-ltorch");
}

/// The version of the libtorch with this folder of libraries, from PyTorch's package around it.
fn version_of(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.parent()?.join("version.py")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("__version__ = '"))?;
    Some(line.trim_end_matches('\'').to_owned())
}
