//! A hash map with the compiler's own FxHash: a multiplication and a rotation, no seed.

use crate::encode;
use crate::vocabulary::Encoded;

pub fn encode_array(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<u16> + Send + Sync + use<> {
    encode::rustc_hash::encode(vocabulary)
}
