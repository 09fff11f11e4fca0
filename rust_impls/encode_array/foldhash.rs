//! A hash map with foldhash: a seeded wide multiplication folded in half, well spread and cheap.

use crate::encode;
use crate::vocabulary::Encoded;

pub fn encode_array(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<u16> + Send + Sync + use<> {
    encode::foldhash::encode(vocabulary)
}
