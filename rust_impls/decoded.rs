//! What every decoder shares: room for a text in the form that CPython stores, and tables to fill it.

use std::mem::MaybeUninit;

/// Ids after which it is seen whether the table has all characters.
const BLOCK: usize = 1024;

/// Buffer for a text of a certain length, to be filled with code points of the form's width.
pub enum Buffer<'a> {
    One(&'a mut [MaybeUninit<u8>]),
    Two(&'a mut [MaybeUninit<u16>]),
    Four(&'a mut [MaybeUninit<u32>]),
}

/// The highest id, 0 if there is none; or the position of the first that has no character of the
/// room's width, in which case the room is not filled.
///
/// Vocabularies are in code-point order, so that the highest id has the text's widest character: who
/// made the room finds out by it whether a narrower one had been enough.
pub type Decoded = Result<u32, usize>;

/// A vocabulary's characters by id, in each width; the wider ones are left out of the narrower tables.
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

    /// Looks each id up in turn, `id_of(id)` being the index of its character.
    ///
    /// # Errors
    ///
    /// With the position of the first that has none, or none of the room's width.
    #[inline]
    pub fn decode<I: Copy>(
        &self,
        ids: &[I],
        room: Buffer<'_>,
        id_of: impl Fn(I) -> usize,
    ) -> Decoded {
        match room {
            Buffer::One(room) => fill(&self.one, ids, room, id_of),
            Buffer::Two(room) => fill(&self.two, ids, room, id_of),
            Buffer::Four(room) => fill(&self.four, ids, room, id_of),
        }
    }
}

fn narrow<C: TryFrom<u32>>(vocabulary: &[u32]) -> Vec<C> {
    let narrowed = vocabulary.iter().map_while(|&code| C::try_from(code).ok());
    narrowed.collect()
}

/// As [`Characters::decode`], from one table. Ids beyond the end of the room are not looked at, and the
/// others once: an array's may be changed meanwhile, by another thread or another process.
///
/// # Errors
///
/// With the position of the first id that has no character in the table.
#[inline]
pub fn fill<I: Copy, C: Copy>(
    characters: &[C],
    ids: &[I],
    room: &mut [MaybeUninit<C>],
    id_of: impl Fn(I) -> usize,
) -> Decoded {
    let mut highest = 0;
    for (block, (ids, room)) in ids.chunks(BLOCK).zip(room.chunks_mut(BLOCK)).enumerate() {
        let Some(last) = characters.len().checked_sub(1) else {
            return Err(0);
        };
        for (&id, place) in ids.iter().zip(room) {
            let id = id_of(id);
            highest = highest.max(id);
            place.write(characters[id.min(last)]);
        }
        if highest > last {
            let outside = ids.iter().position(|&id| id_of(id) > last);
            return Err(block * BLOCK + outside.unwrap_or_default());
        }
    }
    // No table of characters is longer than Unicode.
    Ok(u32::try_from(highest).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::mem::MaybeUninit;

    use super::fill;

    /// As if another thread wrote into the ids between two looks at them.
    #[test]
    #[allow(unsafe_code)]
    fn ids_that_change_meanwhile_read_nothing_beyond_the_table() {
        for steady in 0..8 {
            let looks = Cell::new(0);
            let id_of = |id: u16| {
                looks.set(looks.get() + 1);
                if looks.get() > steady {
                    40_000
                } else {
                    id.into()
                }
            };
            let mut room = [MaybeUninit::new(0); 4];
            let found = fill(b"abc", &[0, 1, 2, 1], &mut room, id_of);
            assert_eq!(found.is_ok(), steady >= 4);
            // SAFETY: it was written to begin with.
            let written = room.map(|place| unsafe { place.assume_init() });
            assert!(written.iter().all(|letter| b"\0abc".contains(letter)));
        }
    }
}
