//! The classes of characters that the patterns tell apart, by tables that build.rs writes.

include!(concat!(env!("OUT_DIR"), "/classes.rs"));

/// The class of a character: the numbers are those that build.rs gives the sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class(u8);

impl Class {
    /// Upper case or title case: `[\p{Lu}\p{Lt}]`.
    pub const UPPER: Self = Self(1);
    /// Lower case: `\p{Ll}`.
    pub const LOWER: Self = Self(2);
    /// `\p{M}`.
    const MARK: Self = Self(4);
    /// `\p{N}`.
    const NUMBER: Self = Self(5);
    /// `\s`.
    const SPACE: Self = Self(6);

    pub fn of(code: u32) -> Self {
        let page = PAGE_OF[(code >> 8) as usize];
        Self(PAGES[usize::from(page)][(code & 0xFF) as usize])
    }

    pub fn is_letter(self) -> bool {
        self.0.wrapping_sub(1) < 3
    }

    pub fn is_number(self) -> bool {
        self == Self::NUMBER
    }

    pub fn is_space(self) -> bool {
        self == Self::SPACE
    }

    /// `\p{M}`, which a word of O200k can hold.
    pub fn is_mark(self) -> bool {
        self == Self::MARK
    }

    /// What is no letter, number or white space: `[^\s\p{L}\p{N}]`.
    pub fn is_other(self) -> bool {
        matches!(self.0, 0 | 4)
    }

    /// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, the letters that can begin a word of O200k.
    pub fn begins_word(self) -> bool {
        matches!(self.0, 1 | 3 | 4)
    }

    /// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`, the letters that can end a word of O200k.
    pub fn ends_word(self) -> bool {
        matches!(self.0, 2..=4)
    }
}
