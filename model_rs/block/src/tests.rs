//! The kernels of each path against plain loops over indices.

#[cfg(target_arch = "x86_64")]
use crate::path::{Avx2, Avx512};
use crate::path::{Kernels, Scalar};
use crate::product::{Panel, Product, Zeros};
use crate::real::Real;

/// Numbers from -1 to 1 that look random: a linear congruential generator.
fn numbers<T: Real>(count: usize, seed: u64) -> Vec<T> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        T::from_f64((state >> 33) as f64 / f64::from(1 << 30) - 1.0)
    };
    (0..count).map(|_| next()).collect()
}

/// Whether the factor or the result is zero or not needed there.
fn left_is_zero(zeros: Zeros, m: usize, k: usize) -> bool {
    match zeros {
        Zeros::LeftAbove { offset } => k > m + offset,
        Zeros::LeftBelow { offset } => k + offset < m,
        _ => false,
    }
}

fn check<T: Real + Into<f64>>(
    kernels: impl Kernels<T>,
    (rows, inner, columns): (usize, usize, usize),
    (left_across, right_across, add): (bool, bool, bool),
    zeros: Zeros,
    tolerance: f64,
) {
    // Each matrix has two more columns in memory than it has.
    let (left_rows, left_columns) = if left_across {
        (inner, rows)
    } else {
        (rows, inner)
    };
    let (right_rows, right_columns) = if right_across {
        (columns, inner)
    } else {
        (inner, columns)
    };
    let left_step = left_columns + 2;
    let right_step = right_columns + 2;
    let left_steps = if left_across {
        (1, left_step)
    } else {
        (left_step, 1)
    };
    let right_steps = if right_across {
        (1, right_step)
    } else {
        (right_step, 1)
    };
    let mut left: Vec<T> = numbers(left_rows * left_step, 1);
    let right: Vec<T> = numbers(right_rows * right_step, 2);
    let before: Vec<T> = numbers(rows * (columns + 2), 3);
    for m in 0..rows {
        for k in 0..inner {
            if left_is_zero(zeros, m, k) {
                left[m * left_steps.0 + k * left_steps.1] = T::default();
            }
        }
    }
    let mut out = before.clone();
    let product = Product {
        rows,
        inner,
        columns,
        left: &left,
        left_steps,
        right: &right,
        right_steps,
        out: &mut out,
        out_step: columns + 2,
        add,
        zeros,
    };
    kernels.multiply(product, &mut Panel::new());
    for m in 0..rows {
        for n in 0..columns + 2 {
            let at = m * (columns + 2) + n;
            if n >= columns {
                assert!(out[at] == before[at], "a number beside the result changed");
                continue;
            }
            if matches!(zeros, Zeros::OutAbove { offset } if n > m + offset) {
                continue;
            }
            let mut right_answer: f64 = if add { before[at].into() } else { 0.0 };
            for k in 0..inner {
                let factor: f64 = left[m * left_steps.0 + k * left_steps.1].into();
                right_answer += factor * right[k * right_steps.0 + n * right_steps.1].into();
            }
            let error = (out[at].into() - right_answer).abs();
            let bound = tolerance * (inner as f64 + 1.0);
            assert!(
                error <= bound,
                "{rows} {inner} {columns} {zeros:?}, ({m}, {n}): {error}"
            );
        }
    }
}

fn check_all<T: Real + Into<f64>>(kernels: impl Kernels<T>, tolerance: f64) {
    let ways = [false, true];
    let ways = ways.map(|a| ways.map(|b| ways.map(|c| (a, b, c))));
    for (rows, inner, columns) in [
        (1, 1, 1),
        (13, 300, 35),
        (29, 700, 3),
        (64, 32, 64),
        (3, 513, 70),
    ] {
        for way in ways.as_flattened().as_flattened() {
            check(
                kernels,
                (rows, inner, columns),
                *way,
                Zeros::None,
                tolerance,
            );
        }
    }
    for size in 1..40 {
        for other in [1, 7, 16, 33, 40] {
            for shape in [
                (size, other, other),
                (other, size, other),
                (other, other, size),
            ] {
                check(
                    kernels,
                    shape,
                    (size % 2 == 0, other % 2 == 0, size % 3 == 0),
                    Zeros::None,
                    tolerance,
                );
            }
        }
    }
    check_zeros(kernels, tolerance);
}

fn check_zeros<T: Real + Into<f64>>(kernels: impl Kernels<T>, tolerance: f64) {
    for size in 1..40 {
        for offset in [0, 1, 5, 64] {
            for zeros in [
                Zeros::LeftAbove { offset },
                Zeros::LeftBelow { offset },
                Zeros::OutAbove { offset },
            ] {
                for add in [false, true] {
                    check(
                        kernels,
                        (size, size + offset, 33),
                        (size % 2 == 0, true, add),
                        zeros,
                        tolerance,
                    );
                    check(
                        kernels,
                        (size + offset, size, size),
                        (true, false, add),
                        zeros,
                        tolerance,
                    );
                }
            }
        }
    }
    // Longer than one part of the depth.
    for zeros in [
        Zeros::LeftAbove { offset: 3 },
        Zeros::LeftBelow { offset: 3 },
    ] {
        check(
            kernels,
            (600, 610, 5),
            (false, false, false),
            zeros,
            tolerance,
        );
        check(
            kernels,
            (600, 610, 5),
            (true, false, true),
            zeros,
            tolerance,
        );
    }
}

#[test]
fn products_are_those_of_plain_loops() {
    check_all::<f32>(Scalar, 1e-6);
    check_all::<f64>(Scalar, 1e-15);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn products_by_vectors_are_those_of_plain_loops() {
    if let Some(kernels) = Avx2::new() {
        check_all::<f32>(kernels, 1e-6);
        check_all::<f64>(kernels, 1e-15);
    }
    if let Some(kernels) = Avx512::new() {
        check_all::<f32>(kernels, 1e-6);
        check_all::<f64>(kernels, 1e-15);
    }
}
