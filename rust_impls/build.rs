//! Hands to the crate what only a build knows: the ideas and their first doc lines, and `build_info`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use sha2::{Digest, Sha256};

/// Longer lines do not fit a row of `help()` or of the page.
const LONGEST_DOC: usize = 100;

fn main() -> io::Result<()> {
    #[cfg(feature = "python")]
    pyo3_build_config::use_pyo3_cfgs();

    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    collect_sources(&here, &mut sources)?;

    let mut ideas: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in &sources {
        if let Some((task, idea)) = task_and_idea(&here, source) {
            require_module_line(source, &task, &idea)?;
            export_doc(source, &task, &idea)?;
            ideas.entry(task).or_default().push(idea);
        }
    }
    write_ideas(&ideas)?;

    export("SOURCE_HASH", &source_hash(&here, sources)?);
    export("PROFILE", &variable("PROFILE"));
    export("OPT_LEVEL", &variable("OPT_LEVEL"));
    export("TARGET", &variable("TARGET"));
    export("TARGET_FEATURES", &variable("CARGO_CFG_TARGET_FEATURE"));
    let rustc = Command::new(variable("RUSTC")).arg("--version").output()?;
    export("RUSTC", String::from_utf8_lossy(&rustc.stdout).trim());
    // asv builds from a checkout of its own and says here which commit it is.
    println!("cargo::rerun-if-env-changed=ASV_COMMIT");
    export("COMMIT", &variable("ASV_COMMIT"));
    Ok(())
}

/// Unset reads as empty: `ASV_COMMIT` usually is, and a target may have no features to name.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn export(name: &str, value: &str) {
    println!("cargo::rustc-env=BUILD_{name}={value}");
}

/// Every `.rs` file and `Cargo.toml` below `folder`. Cargo watches what is found, and each folder
/// too, without which it would not notice a file that was added.
fn collect_sources(folder: &Path, sources: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect_sources(&path, sources)?;
            }
        } else if path.is_file()
            && (path.extension().is_some_and(|extension| extension == "rs") || name == "Cargo.toml")
        {
            println!("cargo::rerun-if-changed={}", path.display());
            sources.push(path);
        }
    }
    Ok(())
}

/// `charset/ahash.rs` is the idea `ahash` of the task `charset`. A folder with a `mod.rs` is a task.
fn task_and_idea(here: &Path, source: &Path) -> Option<(String, String)> {
    let folder = source.parent().filter(|&folder| folder != here)?;
    if source.ends_with("mod.rs") || !folder.join("mod.rs").exists() {
        return None;
    }
    let name = |part: &OsStr| part.to_string_lossy().into_owned();
    Some((name(folder.file_name()?), name(source.file_stem()?)))
}

/// Without it the file would not be compiled, and the compiler would complain elsewhere.
fn require_module_line(source: &Path, task: &str, idea: &str) -> io::Result<()> {
    let line = format!("pub mod {idea};");
    if !fs::read_to_string(source.with_file_name("mod.rs"))?.contains(&line) {
        println!("cargo::error=rust_impls/{task}/mod.rs lacks the line `{line}`");
    }
    Ok(())
}

/// `ideas.rs` calls, for each task, a macro of its includer with the names of all its ideas: so the
/// tests can't miss one, and adding one is no line there.
fn write_ideas(ideas: &BTreeMap<String, Vec<String>>) -> io::Result<()> {
    let calls: Vec<String> = ideas
        .iter()
        .map(|(task, ideas)| format!("{task}_ideas!({});\n", ideas.join(", ")))
        .collect();
    fs::write(
        Path::new(&variable("OUT_DIR")).join("ideas.rs"),
        calls.concat(),
    )
}

/// The first line of `charset/ahash.rs` becomes the environment variable `DOC_charset_ahash`.
fn export_doc(source: &Path, task: &str, idea: &str) -> io::Result<()> {
    let text = fs::read_to_string(source)?;
    let first = text.lines().next().unwrap_or_default();
    match first.strip_prefix("//! ").map(str::trim) {
        Some(doc) if !doc.is_empty() && first.chars().count() < LONGEST_DOC => {
            println!("cargo::rustc-env=DOC_{task}_{idea}={doc}");
        }
        _ => println!(
            "cargo::error=rust_impls/{task}/{idea}.rs must begin with a line `//! ...` of fewer \
             than {LONGEST_DOC} characters: it is what Python's help() shows for {task}.{idea}"
        ),
    }
    Ok(())
}

/// SHA-256 over every source with its path and length, so that a build can be matched with a
/// checkout. The harness computes the same from the files it finds: change both, or neither.
/// Empty where the workspace is not around the crate.
fn source_hash(here: &Path, mut sources: Vec<PathBuf>) -> io::Result<String> {
    let Some(root) = here.parent() else {
        return Ok(String::new());
    };
    for name in ["Cargo.toml", "Cargo.lock"] {
        let path = root.join(name);
        if !path.is_file() {
            return Ok(String::new());
        }
        println!("cargo::rerun-if-changed={}", path.display());
        sources.push(path);
    }

    let mut named: Vec<(String, PathBuf)> = sources
        .into_iter()
        .map(|path| (posix(path.strip_prefix(root).unwrap_or(&path)), path))
        .collect();
    named.sort();

    let mut hasher = Sha256::new();
    for (name, path) in named {
        let content = fs::read(path)?;
        hasher.update(name);
        hasher.update(b"\0");
        hasher.update(content.len().to_string());
        hasher.update(b"\0");
        hasher.update(content);
    }
    Ok(format!("{:x}", hasher.finalize()))
}

fn posix(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
