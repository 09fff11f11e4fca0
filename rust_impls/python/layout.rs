//! The seed of this build's layout, which an object that is linked beside the crate may state.
//!
//! Builds of the same sources are made by linking the same compiled crate several times, each time
//! in another order. What differs between them must therefore come from outside the crate.

/// The seed: 0 for a layout that the linker chose as usual.
pub fn seed() -> u64 {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: `definition` below defines the symbol, and an object that replaces it defines a
        // `u64` as well. Nothing writes to it.
        unsafe { NANOGPT_RS_LAYOUT_SEED }
    }
    #[cfg(not(target_os = "linux"))]
    0
}

#[cfg(target_os = "linux")]
unsafe extern "C" {
    static NANOGPT_RS_LAYOUT_SEED: u64;
}

// The symbol is weak: the linker takes another definition instead, if there is one. Rust itself can
// declare weak symbols on nightly only.
#[cfg(target_os = "linux")]
core::arch::global_asm!(
    r#".pushsection .rodata.NANOGPT_RS_LAYOUT_SEED,"a",%progbits"#,
    ".balign 8",
    ".weak NANOGPT_RS_LAYOUT_SEED",
    ".hidden NANOGPT_RS_LAYOUT_SEED",
    ".type NANOGPT_RS_LAYOUT_SEED,%object",
    ".size NANOGPT_RS_LAYOUT_SEED,8",
    "NANOGPT_RS_LAYOUT_SEED:",
    ".quad 0",
    ".popsection",
);
