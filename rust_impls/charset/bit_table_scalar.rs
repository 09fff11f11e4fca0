//! bit_table by portable code alone, two bytes per lookup.

use super::bit_table::charset_on;
use crate::simd::Path;
use crate::text::Text;

pub const PATH: Path = Path::Scalar;

pub fn charset(text: Text<'_>) -> Vec<u32> {
    charset_on(PATH, text)
}
