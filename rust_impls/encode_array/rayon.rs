//! An ahash map read by all cores, a piece of the text each, joined in order: pays on long texts.

use crate::encode;
use crate::vocabulary::Encoded;

pub fn encode_array(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<u16> + Send + Sync + use<> {
    encode::rayon::encode(vocabulary)
}
