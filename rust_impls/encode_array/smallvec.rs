//! The vocabulary in a sorted list on the stack, halved at each step: no hash, but waiting loads.

use crate::encode;
use crate::vocabulary::Encoded;

pub fn encode_array(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<u16> + Send + Sync + use<> {
    encode::smallvec::encode(vocabulary)
}
