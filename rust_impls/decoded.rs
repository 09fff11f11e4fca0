//! Code that all decoders share: buffers for a text as CPython stores it, and tables to fill them.

use std::mem::MaybeUninit;

/// Ids that are looked up before each check whether the table has all their characters.
const BLOCK: usize = 1024;

/// Memory for the code points of a text, in one, two or four bytes per character. It is not
/// initialized.
pub enum Buffer<'a> {
    One(&'a mut [MaybeUninit<u8>]),
    Two(&'a mut [MaybeUninit<u16>]),
    Four(&'a mut [MaybeUninit<u32>]),
}

/// The highest id (0 if there are no ids), after the whole buffer has been filled. An error is the
/// position of the first id without a character of the buffer's width; the buffer is then
/// incomplete.
///
/// Vocabularies are in code-point order, so that the highest id belongs to the widest character of
/// the text. It tells the caller whether a narrower buffer would have been enough.
pub type Decoded = Result<u32, usize>;

/// The characters of a vocabulary by id, in each width. A table ends before the first character
/// that is too wide for it.
pub struct Characters {
    pub one: Vec<u8>,
    pub two: Vec<u16>,
    pub four: Vec<u32>,
}

impl Characters {
    pub fn new(vocabulary: &[u32]) -> Self {
        Self {
            one: narrow(vocabulary),
            two: narrow(vocabulary),
            four: vocabulary.to_vec(),
        }
    }

    /// Looks up each id in turn. `id_of(id)` is the index of its character.
    ///
    /// # Errors
    ///
    /// The position of the first id without a character of the buffer's width.
    #[inline]
    pub fn decode<I: Copy>(
        &self,
        ids: &[I],
        buffer: Buffer<'_>,
        id_of: impl Fn(I) -> usize,
    ) -> Decoded {
        match buffer {
            Buffer::One(buffer) => fill(&self.one, ids, buffer, id_of),
            Buffer::Two(buffer) => fill(&self.two, ids, buffer, id_of),
            Buffer::Four(buffer) => fill(&self.four, ids, buffer, id_of),
        }
    }
}

fn narrow<C: TryFrom<u32>>(vocabulary: &[u32]) -> Vec<C> {
    let narrowed = vocabulary.iter().map_while(|&code| C::try_from(code).ok());
    narrowed.collect()
}

/// Does the work of [`Characters::decode`] with one table. Ids beyond the end of the buffer are not
/// read. The others are read once for their character, because another thread or process may change
/// an array meanwhile.
///
/// # Errors
///
/// The position of the first id without a character in the table.
#[inline]
pub fn fill<I: Copy, C: Copy>(
    characters: &[C],
    ids: &[I],
    buffer: &mut [MaybeUninit<C>],
    id_of: impl Fn(I) -> usize,
) -> Decoded {
    let mut highest = 0;
    for (block, (ids, buffer)) in ids.chunks(BLOCK).zip(buffer.chunks_mut(BLOCK)).enumerate() {
        let Some(last) = characters.len().checked_sub(1) else {
            return Err(0);
        };
        for (&id, place) in ids.iter().zip(buffer) {
            let id = id_of(id);
            highest = highest.max(id);
            place.write(characters[id.min(last)]);
        }
        if highest > last {
            let outside = ids.iter().position(|&id| id_of(id) > last);
            return Err(block * BLOCK + outside.unwrap_or_default());
        }
    }
    // No table of characters is longer than Unicode, so that the highest id fits.
    Ok(u32::try_from(highest).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::mem::MaybeUninit;

    use super::fill;

    /// Simulates another thread that writes into the ids between two reads of them.
    #[test]
    #[allow(unsafe_code)]
    fn ids_that_change_meanwhile_do_not_read_beyond_the_table() {
        for steady in 0..8 {
            let reads = Cell::new(0);
            let id_of = |id: u16| {
                reads.set(reads.get() + 1);
                if reads.get() > steady {
                    40_000
                } else {
                    id.into()
                }
            };
            let mut buffer = [MaybeUninit::new(0); 4];
            let decoded = fill(b"abc", &[0, 1, 2, 1], &mut buffer, id_of);
            assert_eq!(decoded.is_ok(), steady >= 4);
            // SAFETY: all places were initialized at the start.
            let written = buffer.map(|place| unsafe { place.assume_init() });
            assert!(written.iter().all(|letter| b"\0abc".contains(letter)));
        }
    }
}
