//! Short pieces as numbers: up to 15 bytes and their length fill two words, which are compared and
//! hashed in a few instructions.

/// The longest piece that a [`Key`] holds.
pub const LONGEST: usize = 15;
/// Bytes from a piece's start on that are read at once.
pub const READ: usize = 16;

/// A piece of up to [`LONGEST`] bytes, zeros, and its length in the last byte.
pub type Key = [u64; 2];

/// What remains of two words for each length.
const MASKS: [Key; READ] = {
    let mut masks = [[0; 2]; READ];
    let mut length = 0;
    while length < READ {
        let mask = (1_u128 << (8 * length)) - 1;
        #[allow(clippy::cast_possible_truncation)] // the two halves are meant
        {
            masks[length] = [mask as u64, (mask >> 64) as u64];
        }
        length += 1;
    }
    masks
};

/// The longest piece that a tag holds as it is.
pub const LONGEST_TAGGED: usize = 7;

/// A piece of up to [`LONGEST_TAGGED`] bytes, zeros, and its length in the last byte.
#[inline]
pub fn tag_in(text: &[u8], start: usize, length: usize) -> u64 {
    let rest = &text[start..];
    let bytes = match rest.first_chunk::<8>() {
        Some(bytes) => *bytes,
        None => padded(rest),
    };
    u64::from_le_bytes(bytes) & MASKS[length % READ][0] | (length as u64) << 56
}

/// The key of the first `length` bytes of `bytes`.
#[inline]
pub fn key_of(bytes: &[u8; READ], length: usize) -> Key {
    let (low, high) = words(bytes);
    let mask = &MASKS[length % READ];
    [low & mask[0], high & mask[1] | (length as u64) << 56]
}

/// The key of the piece from `start` to `end`, if it is short enough.
#[inline]
pub fn key_in(text: &[u8], start: usize, end: usize) -> Option<Key> {
    let length = end.checked_sub(start).filter(|&length| length <= LONGEST)?;
    let rest = text.get(start..)?;
    Some(match rest.first_chunk::<READ>() {
        Some(bytes) => key_of(bytes, length),
        None => key_of(&padded(rest), length),
    })
}

/// The first bytes of `rest`, and zeros.
#[cold]
pub fn padded<const N: usize>(rest: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    let length = rest.len().min(N);
    bytes[..length].copy_from_slice(&rest[..length]);
    bytes
}

#[inline]
fn words(bytes: &[u8; READ]) -> (u64, u64) {
    let both = u128::from_le_bytes(*bytes);
    #[allow(clippy::cast_possible_truncation)] // the two halves are meant
    (both as u64, (both >> 64) as u64)
}

/// A hash of two words, of which the highest bits are as good as the lowest.
#[inline]
pub fn hash(words: Key) -> u64 {
    let product =
        u128::from(words[0] ^ 0x9E37_79B9_7F4A_7C15) * u128::from(words[1] ^ 0xD6E8_FEB8_6659_FD93);
    #[allow(clippy::cast_possible_truncation)] // the two halves are meant
    {
        product as u64 ^ (product >> 64) as u64
    }
}

/// A hash of any number of bytes.
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<READ>();
    let mut state = bytes.len() as u64;
    for block in blocks {
        let (low, high) = words(block);
        state = hash([low ^ state, high ^ state.rotate_left(32)]);
    }
    let [low, high] = key_of(&padded(rest), rest.len());
    hash([low ^ state, high ^ state.rotate_left(32)])
}
