//! Passes on to the crate what only a build knows: the ideas, their first doc lines, and
//! `build_info`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use regex_syntax::hir::{Class, HirKind};
use sha2::{Digest, Sha256};

/// Longer lines do not fit into a row of `help()` or of the page.
const LONGEST_DOC: usize = 100;

fn main() -> io::Result<()> {
    #[cfg(feature = "python")]
    pyo3_build_config::use_pyo3_cfgs();

    let crate_folder = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    collect_sources(&crate_folder, &mut sources)?;

    let mut ideas: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in &sources {
        if let Some((task, idea)) = task_and_idea(&crate_folder, source)? {
            require_module_line(source, &task, &idea)?;
            export_doc(source, &task, &idea)?;
            ideas.entry(task).or_default().push(idea);
        }
    }
    write_ideas(&ideas)?;
    write_classes()?;

    export("SOURCE_HASH", &source_hash(&crate_folder, sources)?);
    export("PROFILE", &variable("PROFILE"));
    export("OPT_LEVEL", &variable("OPT_LEVEL"));
    export("TARGET", &variable("TARGET"));
    export("TARGET_FEATURES", &variable("CARGO_CFG_TARGET_FEATURE"));
    let rustc = Command::new(variable("RUSTC")).arg("--version").output()?;
    export("RUSTC", String::from_utf8_lossy(&rustc.stdout).trim());
    // asv builds in a checkout of its own and passes the commit in this variable.
    println!("cargo::rerun-if-env-changed=ASV_COMMIT");
    export("COMMIT", &variable("ASV_COMMIT"));
    Ok(())
}

/// An environment variable, or the empty string if it is not set: `ASV_COMMIT` usually is not, and
/// a target may have no features.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn export(name: &str, value: &str) {
    println!("cargo::rustc-env=BUILD_{name}={value}");
}

/// Adds every `.rs` file and `Cargo.toml` below `folder` to `sources`. Cargo watches these files,
/// and also the folders: otherwise it would not notice a new file.
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

/// `charset/ahash.rs` is the idea `ahash` of the task `charset`.
///
/// A folder is a task if its `mod.rs` begins by describing the task's function, as `charset/mod.rs`
/// does: "//! `charset(". Other folders, such as `python`, hold parts of the crate.
fn task_and_idea(crate_folder: &Path, source: &Path) -> io::Result<Option<(String, String)>> {
    let name = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let folder = source.parent().unwrap_or(crate_folder);
    let module = folder.join("mod.rs");
    if folder == crate_folder || source == module || !module.exists() {
        return Ok(None);
    }
    let (task, idea) = (name(folder.file_name()), name(source.file_stem()));
    let is_task = fs::read_to_string(module)?.starts_with(&format!("//! `{task}("));
    Ok(is_task.then_some((task, idea)))
}

/// Requires the line that makes the file part of the crate: without it the compiler would complain
/// in another place, or not at all.
fn require_module_line(source: &Path, task: &str, idea: &str) -> io::Result<()> {
    let line = format!("pub mod {idea};");
    if !fs::read_to_string(source.with_file_name("mod.rs"))?.contains(&line) {
        println!("cargo::error=rust_impls/{task}/mod.rs lacks the line `{line}`");
    }
    Ok(())
}

/// Writes `ideas.rs`, which calls for each task a macro with the names of all its ideas. Tests
/// define these macros and include the file: they cannot miss an idea, and need no line for a new
/// one.
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

/// Writes `classes.rs`: the class of each code point in two steps, a page for each 256 code points
/// and the pages that differ. The names of the classes stand in `bpe/split/classes.rs`; the sets
/// come from the crate whose tables regular expressions in Rust use.
fn write_classes() -> io::Result<()> {
    const SETS: [(u8, &str); 6] = [
        (1, r"[\p{Lu}\p{Lt}]"),
        (2, r"\p{Ll}"),
        (3, r"[\p{Lm}\p{Lo}]"),
        (4, r"\p{M}"),
        (5, r"\p{N}"),
        (6, r"\s"),
    ];
    let mut classes = vec![0_u8; 0x11_0000];
    for (class, set) in SETS {
        let parsed = regex_syntax::parse(set).map_err(io::Error::other)?;
        let HirKind::Class(Class::Unicode(set)) = parsed.kind() else {
            return Err(io::Error::other("a set that is no Unicode class"));
        };
        for range in set.iter() {
            classes[range.start() as usize..=range.end() as usize].fill(class);
        }
    }
    let mut pages: Vec<&[u8]> = Vec::new();
    let mut page_of = Vec::new();
    for page in classes.chunks(256) {
        let known = pages.iter().position(|other| *other == page);
        page_of.push(known.unwrap_or(pages.len()));
        if known.is_none() {
            pages.push(page);
        }
    }
    fs::write(
        Path::new(&variable("OUT_DIR")).join("classes.rs"),
        format!(
            "static PAGE_OF: [u8; {}] = {page_of:?};\nstatic PAGES: [[u8; 256]; {}] = {pages:?};\n",
            page_of.len(),
            pages.len()
        ),
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

/// The SHA-256 of every source with its path and length, which tells whether a build matches a
/// checkout. `nanogpt_rs/ruler/provenance.py` computes the same from the files: change both, or
/// neither. The hash is empty where the workspace is not around the crate.
fn source_hash(crate_folder: &Path, mut sources: Vec<PathBuf>) -> io::Result<String> {
    let Some(root) = crate_folder.parent() else {
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

/// A relative path with `/` between its parts, on every system.
fn posix(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
