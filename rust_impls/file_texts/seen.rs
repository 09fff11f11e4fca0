//! Collects the distinct characters of texts.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Failure, Take, for_each_text};
use crate::charset::bit_table::{self, Latin1};
use crate::simd::{self, Path};
use crate::text::Text;

#[cfg(target_arch = "x86_64")]
use crate::perfect_hash::growing::{self, GrowingHash};
#[cfg(target_arch = "x86_64")]
use crate::perfect_hash::{self, PerfectHash, avx512};

#[cfg(target_arch = "x86_64")]
mod pages;
#[cfg(target_arch = "x86_64")]
use pages::Pages;

/// Code points that have flags of their own: those of the planes in which texts are written. A power
/// of two, so that a mask saves the bounds check.
const FLAGS: usize = 1 << 18;
/// Characters that are looked up before each branch.
const BLOCK: usize = 16;
/// Characters that are learned before there is a hash of them.
#[cfg(target_arch = "x86_64")]
const START: usize = 1024;
const SEEN: u8 = 1;

/// The distinct characters of the blocks seen so far.
pub struct Seen {
    path: Path,
    latin1: Latin1,
    /// What wider texts hold. Other texts need no memory for it.
    wide: Option<Wide>,
    /// Number of characters, repeated ones included.
    pub length: usize,
}

/// The distinct characters of wide texts, those of Latin-1 among them.
struct Wide {
    /// A flag for each code point. Flags are bytes: with `bool`s the compiler would branch on every
    /// other flag.
    flags: Box<[u8; FLAGS]>,
    /// The characters whose flags are set.
    characters: Vec<u32>,
    /// The characters that have no flags.
    others: BTreeSet<u32>,
    /// The characters of texts of two bytes per character, which vectors look up.
    #[cfg(target_arch = "x86_64")]
    pages: Pages,
    #[cfg(target_arch = "x86_64")]
    hash: GrowingHash,
}

impl Default for Seen {
    fn default() -> Self {
        Self::on(simd::path_or_scalar())
    }
}

impl Seen {
    /// No characters. Those of texts of two bytes per character will be looked up with the
    /// instructions of one path.
    pub fn on(path: Path) -> Self {
        Self {
            path,
            latin1: [0; 4],
            wide: None,
            length: 0,
        }
    }

    pub fn add(&mut self, text: Text<'_>) {
        match text {
            Text::One(codes) => bit_table::add(&mut self.latin1, codes),
            Text::Two(codes) => {
                let wide = self.wide.get_or_insert_default();
                if !wide.add_by_hash(self.path, codes) {
                    let by_flags = wide.add_by_pages(self.path, codes);
                    wide.add(by_flags);
                }
            }
            Text::Four(codes) => {
                let wide = self.wide.get_or_insert_default();
                if !wide.add_by_hash(self.path, codes) {
                    wide.add(codes);
                }
            }
        }
        self.length += text.len();
    }

    /// Adds bytes if all of them are ASCII. Returns whether they are.
    pub fn add_ascii(&mut self, bytes: &[u8]) -> bool {
        // The bits beyond ASCII are left out, so that such a code in `bytes` shows.
        let mut latin1 = [self.latin1[0], self.latin1[1], 0, 0];
        bit_table::add(&mut latin1, bytes);
        let [first, second, 0, 0] = latin1 else {
            return false;
        };
        (self.latin1[0], self.latin1[1]) = (first, second);
        self.length += bytes.len();
        true
    }

    /// Adds the characters that `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        for (bits, &more) in self.latin1.iter_mut().zip(&other.latin1) {
            *bits |= more;
        }
        if let Some(wide) = &other.wide {
            let more: Vec<u32> = wide.characters().collect();
            self.wide.get_or_insert_default().add(&more);
        }
        self.length += other.length;
    }

    /// The distinct characters, in code-point order.
    pub fn vocabulary(&self) -> Vec<u32> {
        let words = (0..).step_by(64).zip(self.latin1);
        let latin1 = words.flat_map(|(first, bits)| {
            (0..64)
                .filter(move |bit| bits >> bit & 1 == 1)
                .map(move |bit| first + bit)
        });
        let mut vocabulary: Vec<u32> = latin1.collect();
        if let Some(wide) = &self.wide {
            vocabulary.extend(wide.characters());
            vocabulary.sort_unstable();
            vocabulary.dedup();
        }
        vocabulary
    }
}

impl Default for Wide {
    fn default() -> Self {
        let flags = vec![0; FLAGS].try_into();
        Self {
            flags: flags.unwrap_or_else(|_| unreachable!("the vector has that length")),
            characters: Vec::new(),
            others: BTreeSet::new(),
            #[cfg(target_arch = "x86_64")]
            pages: Pages::default(),
            #[cfg(target_arch = "x86_64")]
            hash: GrowingHash::default(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl<C: Wider> growing::Seen<C> for Wide {
    fn learn(&mut self, codes: &[C]) {
        self.add(codes);
    }

    /// Those without a flag are not among them: looked up in a hash, they are always new.
    fn characters(&self) -> &[u32] {
        &self.characters
    }
}

impl Wide {
    /// Adds codes by vectors that show whole blocks to hold nothing new, where there is AVX-512.
    /// Returns whether there is.
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)] // calls a function compiled for instructions that not every processor has
    fn add_by_hash<C: Wider + perfect_hash::Code>(&mut self, path: Path, codes: &[C]) -> bool {
        if path != Path::Avx512 || !path.available() {
            return false;
        }
        let start = if self.characters.is_empty() { START } else { 0 };
        let (start, rest) = codes.split_at(codes.len().min(start));
        self.add(start);
        let mut hash = std::mem::take(&mut self.hash);
        // SAFETY: the check above shows that the processor has these instructions.
        let known = |hash: &PerfectHash, codes: &[C]| unsafe { avx512::known(hash, codes) };
        hash.sift::<{ avx512::BLOCK }, C>(rest, self, known);
        self.hash = hash;
        true
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn add_by_hash<C>(&mut self, _path: Path, _codes: &[C]) -> bool {
        false
    }

    /// Adds codes by vectors, as long as they use few pages. Returns those that are left.
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)] // calls a function compiled for instructions that not every processor has
    fn add_by_pages<'a>(&mut self, path: Path, codes: &'a [u16]) -> &'a [u16] {
        if !matches!(path, Path::Avx2 | Path::Avx512) || !Path::Avx2.available() {
            return codes;
        }
        let mut rest = codes;
        while let Some((block, after)) = rest.split_first_chunk()
            && !self.pages.full
        {
            // SAFETY: the check above shows that the processor has these instructions.
            if !unsafe { self.pages.hold(block) } {
                self.learn(block);
                self.pages.learn(block);
            }
            rest = after;
        }
        rest
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn add_by_pages<'a>(&mut self, _path: Path, codes: &'a [u16]) -> &'a [u16] {
        codes
    }

    /// Looks up a whole block before each branch.
    fn add<C: Wider>(&mut self, codes: &[C]) {
        let (blocks, rest) = codes.as_chunks::<BLOCK>();
        for block in blocks {
            if !C::all_seen(block, &self.flags) {
                self.learn(block);
            }
        }
        self.learn(rest);
    }

    #[cold]
    #[inline(never)] // inlined, it would take registers from the loop that looks up
    fn learn<C: Wider>(&mut self, codes: &[C]) {
        for &code in codes {
            let code = code.into();
            match self.flags.get_mut(code as usize) {
                None => drop(self.others.insert(code)),
                Some(&mut SEEN) => (),
                Some(flag) => {
                    *flag = SEEN;
                    self.characters.push(code);
                }
            }
        }
    }

    fn characters(&self) -> impl Iterator<Item = u32> {
        self.characters.iter().chain(&self.others).copied()
    }
}

/// A code of a text that is stored in more than one byte per character.
trait Wider: Copy + Into<u32> {
    /// Whether the flags of all codes of a block are set.
    fn all_seen(block: &[Self; BLOCK], flags: &[u8; FLAGS]) -> bool;
}

impl Wider for u16 {
    /// Loads limit the speed: one load takes four codes, then one load each takes their flags.
    #[inline]
    #[allow(unsafe_code)] // a wider load
    fn all_seen(block: &[u16; BLOCK], flags: &[u8; FLAGS]) -> bool {
        let mut all = SEEN;
        for four in block.as_chunks::<4>().0 {
            // SAFETY: four codes are eight bytes, and this read needs no alignment.
            let word = unsafe { four.as_ptr().cast::<u64>().read_unaligned() };
            for shift in [0, 16, 32, 48] {
                all &= flags[(word >> shift & 0xFFFF) as usize];
            }
        }
        all == SEEN
    }
}

impl Wider for u32 {
    /// A code without a flag shares that of another, so that its upper bits are looked at too.
    #[inline]
    fn all_seen(block: &[u32; BLOCK], flags: &[u8; FLAGS]) -> bool {
        let (mut all, mut bits) = (SEEN, 0);
        for &code in block {
            all &= flags[code as usize % FLAGS];
            bits |= code;
        }
        all == SEEN && (bits as usize) < FLAGS
    }
}

impl Take for Seen {
    type Refusal = Failure;

    fn text(&mut self, text: Text<'_>) -> Result<(), Failure> {
        self.add(text);
        Ok(())
    }

    fn ascii(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        Ok(self.add_ascii(bytes))
    }
}

/// The distinct characters of files.
///
/// # Errors
///
/// When a file cannot be read, or not twice, or is not UTF-8.
pub fn seen_in(paths: &[PathBuf]) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    for_each_text(paths, &mut seen)?;
    Ok(seen)
}
