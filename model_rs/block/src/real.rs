//! The two types of numbers, with an exponential function that the compiler can vectorize.

use std::ops::{Add, AddAssign, Div, Mul, Sub};

/// `f32` or `f64`.
pub trait Real:
    Copy
    + Default
    + PartialOrd
    + AddAssign
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + std::fmt::Debug
    + 'static
{
    const ONE: Self;
    const MINUS_INFINITY: Self;

    fn from_f64(value: f64) -> Self;

    /// The natural logarithm.
    fn ln(self) -> Self;

    /// e to the power of a number that is at most some 80: within 2 units in the last place.
    ///
    /// It has no branches, so that a loop over it becomes vector code; the standard library's
    /// function is a call for each number. Below the least normal number it gives that number, which
    /// is zero beside any weight of a softmax. NaN stays NaN.
    fn exp(self) -> Self;
}

/// Writes `exp` for a type: x = n ln 2 + r with an integer n, so that e^x = 2^n e^r, where r is at
/// most ln 2 / 2 and e^r is a Taylor polynomial whose first left-out term is below half a unit.
macro_rules! real {
    ($type:ident, $bits:ident, $mantissa:literal, $bias:literal, $least:literal, $round:literal,
     $ln_2_high:literal, $ln_2_low:literal, [$($coefficient:expr),* $(,)?]) => {
        impl Real for $type {
            const ONE: Self = 1.0;
            const MINUS_INFINITY: Self = $type::NEG_INFINITY;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $type
            }

            #[inline(always)]
            fn ln(self) -> Self {
                $type::ln(self)
            }

            #[inline(always)]
            fn exp(self) -> Self {
                // A comparison instead of max(), which would turn NaN into a number.
                let x = if self < $least { $least } else { self };
                // Adding a number whose last bit counts ones rounds to an integer.
                let shifted = x * std::$type::consts::LOG2_E + $round;
                let n = shifted - $round;
                // ln 2 in two parts: the first has so few bits that n times it is exact.
                let r = (x - n * $ln_2_high) - n * $ln_2_low;
                let mut sum: $type = 0.0;
                $(sum = sum * r + $coefficient;)*
                // The low bits of `shifted` are n; they move to where the exponent stands.
                let exponent = shifted.to_bits().wrapping_add($bias) << $mantissa;
                sum * $type::from_bits(exponent as $bits)
            }
        }
    };
}

real!(
    f32,
    u32,
    23,
    127,
    -87.0,
    12582912.0,
    0.693_359_4,
    -2.121_944_4e-4,
    [
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ]
);
real!(
    f64,
    u64,
    52,
    1023,
    -708.0,
    6755399441055744.0,
    0.693_147_180_369_123_8,
    1.908_214_929_270_587_7e-10,
    [
        1.0 / 6227020800.0,
        1.0 / 479001600.0,
        1.0 / 39916800.0,
        1.0 / 3628800.0,
        1.0 / 362880.0,
        1.0 / 40320.0,
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ]
);

#[cfg(test)]
mod tests {
    use super::Real;

    #[test]
    fn exp_is_within_two_units_of_the_standard_library() {
        for step in -8_700_i32..=8_000 {
            let x = step as f32 / 100.0;
            let right = f64::from(x).exp();
            let error = (f64::from(Real::exp(x)) - right).abs() / right;
            assert!(error < 2.0 * f64::from(f32::EPSILON), "{x}: {error}");
        }
        for step in -70_800_i32..=8_000 {
            let x = f64::from(step) / 100.0;
            let error = (Real::exp(x) - x.exp()).abs() / x.exp();
            assert!(error < 2.0 * f64::EPSILON, "{x}: {error}");
        }
    }

    #[test]
    fn exp_of_no_number_and_of_minus_infinity() {
        assert!(Real::exp(f32::NAN).is_nan() && Real::exp(f64::NAN).is_nan());
        assert!(Real::exp(f32::NEG_INFINITY) < 1e-37 && Real::exp(f64::NEG_INFINITY) < 1e-300);
        assert!(Real::exp(0.0_f32) == 1.0 && Real::exp(0.0_f64) == 1.0);
    }
}
