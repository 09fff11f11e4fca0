//! Stores that several kernels share (AVX2).

#![allow(unsafe_code)] // vector stores

#[allow(clippy::wildcard_imports)] // many intrinsics, whose names cannot collide with others
use std::arch::x86_64::*;

pub const LANES: usize = 32;

/// Widens 32 bytes to integers `T` and writes them.
///
/// # Safety
///
/// `to` must be valid for writes of 32 values of `T`, which must be an integer: all bytes are valid
/// for it.
#[inline]
#[target_feature(enable = "avx2")]
pub unsafe fn store_widened<T>(bytes: __m256i, to: *mut T) {
    let to = to.cast::<__m256i>();
    let halves = [
        _mm256_castsi256_si128(bytes),
        _mm256_extracti128_si256::<1>(bytes),
    ];
    // SAFETY: 32 places of `size_of::<T>()` bytes each are written, in vectors of 32 bytes, which
    // need no alignment.
    unsafe {
        match size_of::<T>() {
            1 => _mm256_storeu_si256(to, bytes),
            2 => {
                for (index, half) in halves.into_iter().enumerate() {
                    _mm256_storeu_si256(to.add(index), _mm256_cvtepu8_epi16(half));
                }
            }
            4 => {
                for (index, half) in halves.into_iter().enumerate() {
                    let to = to.add(2 * index);
                    _mm256_storeu_si256(to, _mm256_cvtepu8_epi32(half));
                    let rest = _mm_srli_si128::<8>(half);
                    _mm256_storeu_si256(to.add(1), _mm256_cvtepu8_epi32(rest));
                }
            }
            8 => {
                for (index, half) in halves.into_iter().enumerate() {
                    let to = to.add(4 * index);
                    _mm256_storeu_si256(to, _mm256_cvtepu8_epi64(half));
                    let rest = _mm_srli_si128::<4>(half);
                    _mm256_storeu_si256(to.add(1), _mm256_cvtepu8_epi64(rest));
                    let rest = _mm_srli_si128::<8>(half);
                    _mm256_storeu_si256(to.add(2), _mm256_cvtepu8_epi64(rest));
                    let rest = _mm_srli_si128::<12>(half);
                    _mm256_storeu_si256(to.add(3), _mm256_cvtepu8_epi64(rest));
                }
            }
            _ => unreachable!("no number is of another size"),
        }
    }
}
