//! An ahash map that all cores read, each for pieces of the text: pays on long texts.

use crate::encode;
use crate::vocabulary::Encoded;

pub fn encode_array(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<u16> + Send + Sync + use<> {
    encode::rayon::encode(vocabulary)
}
