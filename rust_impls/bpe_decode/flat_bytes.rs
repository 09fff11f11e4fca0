//! All tokens in one row of bytes: short ones are copied 16 bytes at a time.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use crate::bpe::ranks::{NONE, Ranks};

/// Bytes that are copied for any token; longer ones are then copied whole.
const COPIED: usize = 16;

pub fn bpe_decode(
    ranks: &Ranks,
) -> impl Fn(&[u32]) -> Result<Vec<u8>, usize> + Send + Sync + use<> {
    let mut tokens: Vec<(u32, Vec<u8>)> = ranks.tokens().map(|(token, id)| (id, token)).collect();
    tokens.sort_unstable();
    let bytes = tokens.iter().flat_map(|(_, token)| token.iter().copied());
    let bytes: Vec<u8> = bytes.chain([0; COPIED]).collect();
    let mut start = 0;
    let places: Vec<(usize, usize)> = tokens
        .iter()
        .map(|(_, token)| {
            let place = (start, token.len());
            start += token.len();
            place
        })
        .collect();
    let index = Index::new(&tokens.iter().map(|(id, _)| *id));
    move |ids| {
        let mut decoded = Vec::with_capacity(ids.len() * 6 + COPIED);
        for (position, &id) in ids.iter().enumerate() {
            let (start, length) = index
                .place(id)
                .and_then(|place| places.get(place).copied())
                .ok_or(position)?;
            if length <= COPIED {
                let end = decoded.len() + length;
                decoded.extend_from_slice(&bytes[start..start + COPIED]);
                decoded.truncate(end);
            } else {
                decoded.extend_from_slice(&bytes[start..start + length]);
            }
        }
        Ok(decoded)
    }
}

/// The place of an id among all ids in their order.
enum Index {
    /// The ids are 0, 1, 2 and so on.
    Same,
    /// By id, where few numbers are left out.
    Flat(Vec<u32>),
    Hashed(HashMap<u32, u32, FxBuildHasher>),
}

impl Index {
    fn new(ids: &(impl ExactSizeIterator<Item = u32> + Clone)) -> Self {
        let largest = ids.clone().max().map_or(0, |id| id as usize);
        if largest + 1 == ids.len() {
            return Self::Same;
        }
        let placed = ids.clone().zip(0..);
        if largest > 16 * ids.len() {
            return Self::Hashed(placed.collect());
        }
        let mut flat = vec![NONE; largest + 1];
        for (id, place) in placed {
            flat[id as usize] = place;
        }
        Self::Flat(flat)
    }

    fn place(&self, id: u32) -> Option<usize> {
        match self {
            Self::Same => Some(id as usize),
            Self::Flat(flat) => flat.get(id as usize).map(|&place| place as usize),
            Self::Hashed(places) => places.get(&id).map(|&place| place as usize),
        }
    }
}
