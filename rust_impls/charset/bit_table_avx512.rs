//! bit_table by AVX-512 VBMI: 64 bytes per shuffle, 64 rows in one register.

use super::bit_table::charset_on;
use crate::simd::Path;
use crate::text::Text;

pub const PATH: Path = Path::Avx512;

pub fn charset(text: Text<'_>) -> Vec<u32> {
    charset_on(PATH, text)
}
