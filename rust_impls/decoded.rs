//! What every decoder shares: room for a text in the form that CPython stores, and tables to fill it.

use std::mem::MaybeUninit;

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
pub fn fill<I: Copy, C: Copy>(
    characters: &[C],
    ids: &[I],
    room: &mut [MaybeUninit<C>],
    id_of: impl Fn(I) -> usize,
) -> Decoded {
    let mut highest = 0;
    for (position, (&id, place)) in ids.iter().zip(room).enumerate() {
        let id = id_of(id);
        place.write(*characters.get(id).ok_or(position)?);
        highest = highest.max(id);
    }
    // No table of characters is longer than Unicode.
    Ok(u32::try_from(highest).unwrap_or(u32::MAX))
}
