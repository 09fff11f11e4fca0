//! How this library was built, so that a measurement can refuse a debug build or a stale one.

/// Names and values, in the order in which Python shows them. `build.rs` sets the variables.
pub const BUILD_INFO: [(&str, &str); 9] = [
    ("version", env!("CARGO_PKG_VERSION")),
    ("profile", env!("BUILD_PROFILE")),
    ("opt_level", env!("BUILD_OPT_LEVEL")),
    (
        "debug_assertions",
        if cfg!(debug_assertions) {
            "true"
        } else {
            "false"
        },
    ),
    ("rustc", env!("BUILD_RUSTC")),
    ("target", env!("BUILD_TARGET")),
    ("target_features", env!("BUILD_TARGET_FEATURES")),
    ("source_hash", env!("BUILD_SOURCE_HASH")),
    ("commit", env!("BUILD_COMMIT")),
];
