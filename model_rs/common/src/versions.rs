//! What an arm says about the code that computes it.

/// The version of a package that a `Cargo.lock` pins, or "unknown" if it has no such package.
pub fn locked_version<'a>(lock: &'a str, package: &str) -> &'a str {
    let name = format!("name = \"{package}\"\nversion = \"");
    lock.split_once(&name)
        .and_then(|(_, after)| after.split_once('"'))
        .map_or("unknown", |(version, _)| version)
}

/// mimalloc with its version, which it gives as one number: 30302 is 3.3.2.
pub fn mimalloc_version(version: u32) -> String {
    let (major, minor, patch) = (version / 10_000, version / 100 % 100, version % 100);
    format!("mimalloc {major}.{minor}.{patch}")
}

/// The widest vector instructions of this processor among those that the arms' libraries know.
pub fn instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return "avx512f";
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return "avx2+fma";
        }
        return "sse2";
    }
    #[cfg(target_arch = "aarch64")]
    return "neon";
    #[allow(unreachable_code)] // where one of the above holds
    "none"
}

/// The same for Intel's MKL, which gives no AVX-512 to processors of AMD.
pub fn instructions_of_mkl(mkl: bool) -> &'static str {
    let of_amd = std::fs::read_to_string("/proc/cpuinfo")
        .is_ok_and(|processors| processors.contains("AuthenticAMD"));
    match instructions() {
        "avx512f" if mkl && of_amd => "avx2+fma",
        widest => widest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_package_with_this_very_name() {
        let lock = "[[package]]\nname = \"gemm-f32\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"gemm\"\nversion = \"0.19.0\"\n";
        assert_eq!(locked_version(lock, "gemm"), "0.19.0");
        assert_eq!(locked_version(lock, "gem"), "unknown");
        assert_eq!(mimalloc_version(30_302), "mimalloc 3.3.2");
    }
}
