//! Which instructions the kernels use: the best that this processor has, or those that a setting
//! names.
//!
//! A path is a set of instructions for which some kernels have code of their own. A kernel without
//! code for a path runs its portable code instead.

use std::sync::OnceLock;
use std::{env, fmt};

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;

/// The environment variable that forces a path. It is read once, when the first kernel asks.
pub const VARIABLE: &str = "NANOGPT_RS_SIMD";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Portable Rust, which the compiler may vectorize for the target's oldest processor.
    Scalar,
    /// x86-64: shuffles of 16 bytes, two at a time (Haswell 2013, Excavator 2015 and later).
    Avx2,
    /// x86-64: shuffles of 64 and 128 bytes, AVX-512 VBMI and VBMI2 (Ice Lake 2019, Zen 4 2022 and later).
    Avx512,
    /// AArch64: shuffles of up to 64 bytes, which every such processor has.
    Neon,
}

impl Path {
    /// All paths, from the least to the best of each architecture.
    pub const ALL: [Path; 4] = [Path::Scalar, Path::Avx2, Path::Avx512, Path::Neon];

    pub const fn name(self) -> &'static str {
        match self {
            Path::Scalar => "scalar",
            Path::Avx2 => "avx2",
            Path::Avx512 => "avx512",
            Path::Neon => "neon",
        }
    }

    /// Whether this processor and its operating system support all instructions of the path.
    pub fn available(self) -> bool {
        match self {
            Path::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vbmi")
                    && is_x86_feature_detected!("avx512vbmi2")
                    && is_x86_feature_detected!("popcnt")
            }
            #[cfg(target_arch = "aarch64")]
            Path::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[allow(unreachable_patterns)] // which paths are left depends on the architecture
            _ => false,
        }
    }
}

/// The paths that this processor supports, from the least to the best.
pub fn available() -> impl Iterator<Item = Path> {
    Path::ALL.into_iter().filter(|path| path.available())
}

/// The error of a setting that names an unknown path, or one that this processor lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchPath(String);

impl fmt::Display for NoSuchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exists = Path::ALL.iter().any(|path| path.name() == self.0);
        let possible: Vec<&str> = available().map(Path::name).collect();
        let reason = if exists {
            "this processor lacks it"
        } else {
            "there is no such path"
        };
        write!(
            f,
            "{VARIABLE} is {:?}: {reason}. Here it may be {}",
            self.0,
            possible.join(", ")
        )
    }
}

impl std::error::Error for NoSuchPath {}

/// The path that a setting names, or the best one if nothing is set.
fn chosen(setting: Option<&str>) -> Result<Path, NoSuchPath> {
    match setting {
        None | Some("") => Ok(available().last().unwrap_or(Path::Scalar)),
        Some(name) => available()
            .find(|path| path.name() == name)
            .ok_or_else(|| NoSuchPath(name.to_owned())),
    }
}

/// The path that kernels take.
///
/// # Errors
///
/// When the environment variable [`VARIABLE`] names a path that this processor does not support.
pub fn path() -> Result<Path, NoSuchPath> {
    static PATH: OnceLock<Result<Path, NoSuchPath>> = OnceLock::new();
    PATH.get_or_init(|| {
        let setting = env::var_os(VARIABLE).map(|value| value.to_string_lossy().into_owned());
        chosen(setting.as_deref())
    })
    .clone()
}

/// The path for kernels, which cannot fail. With a wrong setting, Python refuses to import the
/// module, and in pure Rust the portable path gives the same answers as any other.
pub fn path_or_scalar() -> Path {
    static PATH: OnceLock<Path> = OnceLock::new();
    *PATH.get_or_init(|| path().unwrap_or(Path::Scalar))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_setting_the_best_path_is_chosen() {
        assert_eq!(chosen(None).ok(), available().last());
        assert_eq!(chosen(Some("")).ok(), available().last());
    }

    #[test]
    fn each_available_path_can_be_chosen() {
        for path in available() {
            assert_eq!(chosen(Some(path.name())), Ok(path));
        }
        assert_eq!(available().next(), Some(Path::Scalar));
    }

    #[test]
    fn the_error_of_a_wrong_setting_lists_the_possible_ones() {
        let unknown = chosen(Some("mmx")).unwrap_err().to_string();
        assert!(unknown.starts_with(
            "NANOGPT_RS_SIMD is \"mmx\": there is no such path. Here it may be scalar"
        ));
        for path in Path::ALL.into_iter().filter(|path| !path.available()) {
            let lacking = chosen(Some(path.name())).unwrap_err().to_string();
            assert!(lacking.contains("this processor lacks it"), "{lacking}");
        }
    }
}
