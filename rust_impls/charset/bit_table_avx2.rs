//! bit_table by AVX2: 32 bytes per shuffle, 16 rows in each of two tables.

use super::bit_table::charset_on;
use crate::simd::Path;
use crate::text::Text;

pub const PATH: Path = Path::Avx2;

pub fn charset(text: Text<'_>) -> Vec<u32> {
    charset_on(PATH, text)
}
