//! Vectors of numbers, one type for each set of instructions.

use crate::real::Real;

/// A vector of `WIDTH` numbers.
pub trait Lanes: Copy {
    type Number: Real;

    /// Numbers in a vector.
    const WIDTH: usize;

    /// Rows of a tile of the product of two matrices: two vectors for each row, with those that
    /// hold its factors, fill the registers.
    const ROWS: usize;

    /// # Safety
    /// The processor must have the vector's instructions; for the pointers, `WIDTH` numbers must be
    /// readable or writable there. This holds for each function below.
    unsafe fn splat(number: Self::Number) -> Self;
    /// # Safety
    /// See `splat`.
    unsafe fn load(from: *const Self::Number) -> Self;
    /// # Safety
    /// See `splat`.
    unsafe fn store(self, to: *mut Self::Number);
    /// Returns `self` plus the product of two factors.
    ///
    /// # Safety
    /// See `splat`.
    unsafe fn plus_product(self, left: Self, right: Self) -> Self;
}

/// Four numbers without instructions of their own: the compiler chooses those of the target.
#[derive(Clone, Copy)]
pub struct Portable<T>([T; 4]);

impl<T: Real> Lanes for Portable<T> {
    type Number = T;
    const WIDTH: usize = 4;
    const ROWS: usize = 4;

    #[inline(always)]
    unsafe fn splat(number: T) -> Self {
        Self([number; 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller says that 4 numbers are readable there; alignment is not needed.
        unsafe { Self(from.cast::<[T; 4]>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller says that 4 numbers are writable there; alignment is not needed.
        unsafe { to.cast::<[T; 4]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn plus_product(self, left: Self, right: Self) -> Self {
        // No mul_add: without such an instruction it is a slow call for each number.
        Self(std::array::from_fn(|lane| {
            self.0[lane] + left.0[lane] * right.0[lane]
        }))
    }
}

#[cfg(target_arch = "x86_64")]
macro_rules! lanes {
    ($vector:ident, $number:ty, $width:literal, $rows:literal,
     $splat:ident, $load:ident, $store:ident, $fused:ident) => {
        impl Lanes for std::arch::x86_64::$vector {
            type Number = $number;
            const WIDTH: usize = $width;
            const ROWS: usize = $rows;

            #[inline(always)]
            unsafe fn splat(number: $number) -> Self {
                // SAFETY: the caller says that the processor has the instructions.
                unsafe { std::arch::x86_64::$splat(number) }
            }

            #[inline(always)]
            unsafe fn load(from: *const $number) -> Self {
                // SAFETY: the caller says so, and that the numbers are readable.
                unsafe { std::arch::x86_64::$load(from) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $number) {
                // SAFETY: the caller says so, and that the numbers are writable.
                unsafe { std::arch::x86_64::$store(to, self) }
            }

            #[inline(always)]
            unsafe fn plus_product(self, left: Self, right: Self) -> Self {
                // SAFETY: the caller says that the processor has the instructions.
                unsafe { std::arch::x86_64::$fused(left, right, self) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Lanes;

    lanes!(
        __m256,
        f32,
        8,
        6,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps
    );
    lanes!(
        __m256d,
        f64,
        4,
        6,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_fmadd_pd
    );
    lanes!(
        __m512,
        f32,
        16,
        12,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_fmadd_ps
    );
    lanes!(
        __m512d,
        f64,
        8,
        12,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_fmadd_pd
    );
}
