//! A hash set whose hash is the character itself: nothing to compute, but no spread either.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher};

use super::distinct;

pub fn charset(text: &str) -> HashSet<char, CharHasher> {
    distinct(text)
}

/// An identity hash for keys of the type `char`.
///
/// It depends on two details of the standard library. First, a `char` hashes itself with
/// `write_u32`, which by default calls `write` with the four bytes in native order. Second, hash
/// tables choose a bucket by the low bits of the hash, which differ between neighbouring
/// characters. The top seven bits, by which a table tells the entries of a group apart, are always
/// zero here.
#[derive(Debug, Clone, Default)]
pub struct CharHasher {
    character: char,
}

impl Hasher for CharHasher {
    fn write(&mut self, bytes: &[u8]) {
        // Keys of other types are hashed badly rather than refused: to 0 if they are not four bytes
        // long, and to 'a' if the four bytes are not a character.
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

    /// Records the bytes of each call of `write`.
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
    fn keys_of_other_types_are_hashed_to_a_constant() {
        assert_eq!(CharHasher::default().hash_one(7_u64), 0);
        assert_eq!(CharHasher::default().hash_one(0xD800_u32), u64::from('a'));
    }
}
