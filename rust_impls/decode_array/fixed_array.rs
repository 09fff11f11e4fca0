//! Characters in an array indexed by id: one load and one store a character.

use crate::decoded::{Buffer, Characters, Decoded};

pub fn decode_array(
    vocabulary: &[u32],
) -> impl Fn(&[u16], Buffer<'_>) -> Decoded + Send + Sync + use<> {
    let characters = Characters::new(vocabulary);
    move |ids, room| characters.decode(ids, room, usize::from)
}
