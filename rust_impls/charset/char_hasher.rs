//! A hash set whose hash is the character itself: nothing to compute, no spread either.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher};

use super::distinct;

pub fn charset(text: &str) -> HashSet<char, CharHasher> {
    distinct(text)
}

/// The identity hash of the post, for `char` keys only.
///
/// It stands on two details of the standard library. `char` hashes itself by `write_u32`, which
/// unless overridden calls `write` with the four bytes in native order. And hash tables pick a
/// bucket by the low bits of the hash, which differ between neighbouring characters; the top seven
/// bits, by which a table tells the entries of a group apart, are always zero here.
#[derive(Debug, Clone, Default)]
pub struct CharHasher {
    character: char,
}

impl Hasher for CharHasher {
    fn write(&mut self, bytes: &[u8]) {
        // Another key than a `char` is hashed badly rather than refused: to 0 if it is not four
        // bytes long, to 'a' if those are no character.
        let code = u32::from_ne_bytes(bytes.try_into().unwrap_or([0; 4]));
        self.character = char::from_u32(code).unwrap_or('a');
    }

    fn finish(&self) -> u64 {
        u64::from(self.character)
    }
}

impl BuildHasher for CharHasher {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::Hash;

    /// Keeps each call of `write` as it came.
    #[derive(Default)]
    struct Recorder(Vec<Vec<u8>>);

    impl Hasher for Recorder {
        fn write(&mut self, bytes: &[u8]) {
            self.0.push(bytes.to_vec());
        }

        fn finish(&self) -> u64 {
            0
        }
    }

    const CHARACTERS: [char; 6] = ['\0', 'a', 'é', '字', '😀', char::MAX];

    #[test]
    fn a_char_writes_its_four_native_bytes_once() {
        for character in CHARACTERS {
            let mut recorder = Recorder::default();
            character.hash(&mut recorder);
            assert_eq!(recorder.0, [u32::from(character).to_ne_bytes()]);
        }
    }

    #[test]
    fn a_char_hashes_to_its_code() {
        for character in CHARACTERS {
            assert_eq!(
                CharHasher::default().hash_one(character),
                u64::from(character)
            );
        }
    }

    #[test]
    fn other_keys_fall_back() {
        assert_eq!(CharHasher::default().hash_one(7_u64), 0);
        assert_eq!(CharHasher::default().hash_one(0xD800_u32), u64::from('a'));
    }
}
