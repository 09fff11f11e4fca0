//! Characters in an array indexed by id; each id is read from its int object first.

use crate::decoded::{Buffer, Characters, Decoded};

pub fn decode_list(
    vocabulary: &[u32],
) -> impl Fn(&[u32], Buffer<'_>) -> Decoded + Send + Sync + use<> {
    let characters = Characters::new(vocabulary);
    move |ids, buffer| characters.decode(ids, buffer, |id| id as usize)
}
