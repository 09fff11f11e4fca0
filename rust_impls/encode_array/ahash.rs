//! A hash map with ahash: one multiplication per character, AES only where it is compiled in.

use crate::encode;
use crate::vocabulary::Encoded;

pub fn encode_array(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<u16> + Send + Sync + use<> {
    encode::ahash::encode(vocabulary)
}
