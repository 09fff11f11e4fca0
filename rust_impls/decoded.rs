//! What every decoder shares: room for a text in the form that CPython stores, and tables to fill it.

use std::mem::MaybeUninit;

/// Ids that are looked at twice, the second time in the first-level cache.
const BLOCK: usize = 1024;

/// Room for a text of a certain length, to be filled with code points of the form's width.
pub enum Room<'a> {
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
        room: Room<'_>,
        id_of: impl Fn(I) -> usize,
    ) -> Decoded {
        match room {
            Room::One(room) => fill(&self.one, ids, room, id_of),
            Room::Two(room) => fill(&self.two, ids, room, id_of),
            Room::Four(room) => fill(&self.four, ids, room, id_of),
        }
    }
}

fn narrow<C: TryFrom<u32>>(vocabulary: &[u32]) -> Vec<C> {
    let narrowed = vocabulary.iter().map_while(|&code| C::try_from(code).ok());
    narrowed.collect()
}

/// As [`Characters::decode`], from one table. Ids beyond the end of the room are not looked at.
///
/// # Errors
///
/// With the position of the first id that has no character in the table.
#[inline]
#[allow(unsafe_code)] // spares a look at every id what one look at the highest tells
pub fn fill<I: Copy, C: Copy>(
    characters: &[C],
    ids: &[I],
    room: &mut [MaybeUninit<C>],
    id_of: impl Fn(I) -> usize,
) -> Decoded {
    let mut highest = 0;
    for (block, (ids, room)) in ids.chunks(BLOCK).zip(room.chunks_mut(BLOCK)).enumerate() {
        let here = ids.iter().fold(0, |highest, &id| id_of(id).max(highest));
        if here >= characters.len() {
            let outside = ids.iter().position(|&id| id_of(id) >= characters.len());
            return Err(block * BLOCK + outside.unwrap_or_default());
        }
        for (&id, place) in ids.iter().zip(room) {
            // SAFETY: the highest of these ids has been found to be within the table, and `id_of` is
            // pure: a captured number and arithmetic.
            place.write(*unsafe { characters.get_unchecked(id_of(id)) });
        }
        highest = highest.max(here);
    }
    // No table of characters is longer than Unicode.
    Ok(u32::try_from(highest).unwrap_or(u32::MAX))
}
