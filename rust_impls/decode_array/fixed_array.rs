//! Characters in an array indexed by id: one load and one store per character.

use crate::decoded::{Buffer, Characters, Decoded};

pub fn decode_array(
    vocabulary: &[u32],
) -> impl Fn(&[u16], Buffer<'_>) -> Decoded + Send + Sync + use<> {
    let characters = Characters::new(vocabulary);
    move |ids, buffer| characters.decode(ids, buffer, usize::from)
}
