//! Ids in an array indexed by code point: one load per character, memory up to the last code.

use crate::encode;
use crate::vocabulary::Encoded;

pub fn encode_array(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<u16> + Send + Sync + use<> {
    encode::fixed_array::encode(vocabulary)
}
