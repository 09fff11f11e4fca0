//! The code paths: the same computation by the instructions that a processor has.

use crate::lanes::Portable;
use crate::product::{Panel, Product, multiply};
use crate::real::Real;
use crate::softmax::{Scores, backward, forward};

/// The kernels in one set of instructions. A value exists only where the processor has them.
pub trait Kernels<T>: Copy {
    fn multiply(self, product: Product<T>, panel: &mut Panel<T>);
    fn softmax(self, scores: Scores<T>, log_sums: &mut [T]);
    fn softmax_backward(self, scores: Scores<T>, log_sums: &[T], sums: &[T], gradients: &mut [T]);
}

/// Names of the paths from the least to the best, as `NANOGPT_RS_SIMD` has them.
pub const NAMES: [&str; 3] = ["scalar", "avx2", "avx512"];

/// Whether this processor has the instructions of a path.
pub fn available(name: &str) -> bool {
    match name {
        "scalar" => true,
        #[cfg(target_arch = "x86_64")]
        "avx2" => Avx2::new().is_some(),
        #[cfg(target_arch = "x86_64")]
        "avx512" => Avx512::new().is_some(),
        _ => false,
    }
}

/// Code for the target's oldest processor.
#[derive(Clone, Copy)]
pub struct Scalar;

impl<T: Real> Kernels<T> for Scalar {
    fn multiply(self, mut product: Product<T>, panel: &mut Panel<T>) {
        // SAFETY: these vectors need no instructions.
        unsafe { multiply::<Portable<T>>(&mut product, panel) }
    }

    fn softmax(self, scores: Scores<T>, log_sums: &mut [T]) {
        forward(scores, log_sums);
    }

    fn softmax_backward(self, scores: Scores<T>, log_sums: &[T], sums: &[T], gradients: &mut [T]) {
        backward(scores, log_sums, sums, gradients);
    }
}

#[cfg(target_arch = "x86_64")]
macro_rules! path {
    ($path:ident, $features:literal, $has:expr, [$($number:ty: $vector:ident),*]) => {
        #[derive(Clone, Copy)]
        pub struct $path(());

        impl $path {
            pub fn new() -> Option<Self> {
                $has.then_some(Self(()))
            }
        }

        $(impl Kernels<$number> for $path {
            fn multiply(self, mut product: Product<$number>, panel: &mut Panel<$number>) {
                #[target_feature(enable = $features)]
                fn inner(product: &mut Product<$number>, panel: &mut Panel<$number>) {
                    // SAFETY: this function is compiled for the instructions of the vector.
                    unsafe { multiply::<std::arch::x86_64::$vector>(product, panel) }
                }
                // SAFETY: a value of this type exists only where the processor has them.
                unsafe { inner(&mut product, panel) }
            }

            fn softmax(self, scores: Scores<$number>, log_sums: &mut [$number]) {
                #[target_feature(enable = $features)]
                fn inner(scores: Scores<$number>, log_sums: &mut [$number]) {
                    forward(scores, log_sums);
                }
                // SAFETY: a value of this type exists only where the processor has them.
                unsafe { inner(scores, log_sums) }
            }

            fn softmax_backward(
                self,
                scores: Scores<$number>,
                log_sums: &[$number],
                sums: &[$number],
                gradients: &mut [$number],
            ) {
                #[target_feature(enable = $features)]
                fn inner(
                    scores: Scores<$number>,
                    log_sums: &[$number],
                    sums: &[$number],
                    gradients: &mut [$number],
                ) {
                    backward(scores, log_sums, sums, gradients);
                }
                // SAFETY: a value of this type exists only where the processor has them.
                unsafe { inner(scores, log_sums, sums, gradients) }
            }
        })*
    };
}

#[cfg(target_arch = "x86_64")]
path!(
    Avx2,
    "avx2,fma",
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
    [f32: __m256, f64: __m256d]
);
#[cfg(target_arch = "x86_64")]
path!(
    Avx512,
    "avx512f,avx2,fma",
    is_x86_feature_detected!("avx512f"),
    [f32: __m512, f64: __m512d]
);
