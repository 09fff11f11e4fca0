//! bit_table by NEON: 16 bytes per lookup, 64 rows in four registers.

use super::bit_table::charset_on;
use crate::simd::Path;
use crate::text::Text;

pub const PATH: Path = Path::Neon;

pub fn charset(text: Text<'_>) -> Vec<u32> {
    charset_on(PATH, text)
}
