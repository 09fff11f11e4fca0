//! Texts in pieces, as the regular expressions of public vocabularies split them, but written by
//! hand: the class of each character comes from a table, and ASCII is classified by vectors.
//!
//! A piece ends at the same place whatever stands before it. The pieces of a text are therefore
//! found one after the other, in time that grows with the text alone: no stack, no backtracking.

#[cfg(target_arch = "x86_64")]
mod blocks;
mod classes;
pub mod cuts;
mod rules;

use crate::simd;

/// A rule for splitting texts, named after the vocabulary that made it known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    Gpt2,
    Cl100k,
    O200k,
}

/// GPT-2's pattern as it was published.
pub const GPT2: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// The same without brackets around single classes.
pub const GPT2_SHORTER: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// The same with possessive quantifiers, as tiktoken spells it.
pub const GPT2_POSSESSIVE: &str =
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s";
/// The pattern of cl100k_base as tiktoken spells it. In older spellings, white space at the end of
/// a text is two pieces if it holds a line break before its last character.
pub const CL100K: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s";
/// The pattern of o200k_base.
pub const O200K: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
);

impl Pattern {
    /// Each spelling that is known, with its pattern.
    pub const SPELLINGS: [(&str, Pattern); 5] = [
        (GPT2, Pattern::Gpt2),
        (GPT2_SHORTER, Pattern::Gpt2),
        (GPT2_POSSESSIVE, Pattern::Gpt2),
        (CL100K, Pattern::Cl100k),
        (O200K, Pattern::O200k),
    ];

    /// The pattern that a regular expression spells, if it is one of the known ones to the letter.
    pub fn from_regex(regex: &str) -> Option<Self> {
        let known = Self::SPELLINGS.iter();
        known
            .copied()
            .find_map(|(spelling, pattern)| (spelling == regex).then_some(pattern))
    }

    /// The pattern of this name, `gpt2`, `cl100k` or `o200k`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "gpt2" => Some(Pattern::Gpt2),
            "cl100k" => Some(Pattern::Cl100k),
            "o200k" => Some(Pattern::O200k),
            _ => None,
        }
    }

    /// The end of the piece that begins at `start`, a character's first byte.
    fn piece_end(self, text: &[u8], start: usize) -> usize {
        match self {
            Pattern::Gpt2 => rules::gpt2(text, start),
            Pattern::Cl100k => rules::cl100k(text, start),
            Pattern::O200k => rules::o200k(text, start),
        }
    }
}

/// The pieces of a text, which together are the text.
pub fn pieces(pattern: Pattern, text: &str) -> impl Iterator<Item = &str> {
    let mut splitter = Splitter::new(pattern, text);
    let mut ends = Vec::new();
    let mut next = 0;
    let mut start = 0;
    std::iter::from_fn(move || {
        if next == ends.len() {
            next = 0;
            if !splitter.refill(&mut ends) {
                return None;
            }
        }
        let piece = &text[start..ends[next]];
        start = ends[next];
        next += 1;
        Some(piece)
    })
}

/// Finds the ends of pieces, some hundreds at a time: whoever looks the pieces up can do so in a
/// loop of its own, and both loops stay short.
pub struct Splitter<'t> {
    pattern: Pattern,
    text: &'t [u8],
    at: usize,
    blocks: bool,
}

impl<'t> Splitter<'t> {
    /// Ends that are found in one go, about.
    pub const BATCH: usize = 256;

    /// A splitter that classifies ASCII by vectors if `simd::path_or_scalar` allows that.
    pub fn new(pattern: Pattern, text: &'t str) -> Self {
        Self::on_path(simd::path_or_scalar(), pattern, text)
    }

    /// The same on a path that the caller names. Each path that has AVX2 classifies by AVX2.
    pub fn on_path(path: simd::Path, pattern: Pattern, text: &'t str) -> Self {
        Self {
            pattern,
            text: text.as_bytes(),
            at: 0,
            blocks: has_blocks(path),
        }
    }

    /// Puts the ends of the next pieces into `ends` instead of what is there. Returns whether there
    /// are any.
    pub fn refill(&mut self, ends: &mut Vec<usize>) -> bool {
        ends.clear();
        while self.at < self.text.len() && ends.len() < Self::BATCH {
            if self.blocks && self.push_block(ends) {
                continue;
            }
            // A piece with other characters than ASCII, a long one, or one near the text's end.
            self.at = self.pattern.piece_end(self.text, self.at);
            ends.push(self.at);
        }
        !ends.is_empty()
    }

    /// Adds the ends in one block of ASCII, if it has any that are certain.
    #[cfg(target_arch = "x86_64")]
    fn push_block(&mut self, ends: &mut Vec<usize>) -> bool {
        #[allow(unsafe_code)]
        // SAFETY: this is called only where `has_blocks` said yes.
        unsafe {
            blocks::push_ends(self.pattern, self.text, &mut self.at, ends)
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn push_block(&mut self, _: &mut Vec<usize>) -> bool {
        false
    }
}

/// Whether ASCII is classified in blocks on a path.
fn has_blocks(path: simd::Path) -> bool {
    #[cfg(target_arch = "x86_64")]
    return blocks::available(path);
    #[cfg(not(target_arch = "x86_64"))]
    false
}

#[cfg(test)]
mod tests;
