//! The standard hash map: SipHash on every character. Named after its `charset` sibling.

use crate::encode;
use crate::vocabulary::Encoded;

pub fn encode_array(vocabulary: &[char]) -> impl Fn(&str) -> Encoded<u16> + Send + Sync + use<> {
    encode::std_hashset::encode(vocabulary)
}
