//! A hash map whose hash is the character itself: nothing to compute, but no spread either.

use crate::encode;
use crate::vocabulary::Encoded;

pub fn encode_array(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<u16> + Send + Sync + use<> {
    encode::char_hasher::encode(vocabulary)
}
