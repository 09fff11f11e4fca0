//! The softmax of masked scores and its derivative, over the rows of a block.

use crate::real::Real;

/// Rows of scores: row `i` belongs to the character at position `first + i`, and has a score for that
/// character and each one before it; what lies to their right is not read.
pub struct Scores<'a, T> {
    pub first: usize,
    /// One row after another, each `step` numbers long. They become weights, and zeros on the right.
    pub numbers: &'a mut [T],
    pub step: usize,
    /// What scores are multiplied by: one over the root of the head's size.
    pub scale: T,
}

/// Lanes of a reduction: one sum after another would not become vector code.
const LANES: usize = 16;

/// Turns scores into weights whose sum is one in each row.
///
/// It also gives the logarithm of each row's sum of exponentials, from which `backward` computes the
/// same weights again, so that they need not be kept.
#[inline(always)]
pub fn forward<T: Real>(scores: Scores<T>, log_sums: &mut [T]) {
    let rows = scores.numbers.chunks_exact_mut(scores.step);
    for ((row, log_sum), position) in rows.zip(log_sums).zip(scores.first..) {
        let (row, rest) = row.split_at_mut(position + 1);
        rest.fill(T::default());
        let largest = reduce(row, T::MINUS_INFINITY, |a, b| if a < b { b } else { a });
        for number in row.iter_mut() {
            *number = ((*number - largest) * scores.scale).exp();
        }
        let sum = reduce(row, T::default(), |a, b| a + b);
        let factor = T::ONE / sum;
        for number in row.iter_mut() {
            *number = *number * factor;
        }
        *log_sum = largest * scores.scale + sum.ln();
    }
}

/// Turns scores into weights, and gradients of the weights into gradients of the scores.
///
/// `sums` has the sum of weights times their gradients for each row, which the caller has more
/// cheaply from the result of attention.
#[inline(always)]
pub fn backward<T: Real>(scores: Scores<T>, log_sums: &[T], sums: &[T], gradients: &mut [T]) {
    let rows = scores.numbers.chunks_exact_mut(scores.step);
    let rows = rows.zip(gradients.chunks_exact_mut(scores.step));
    let sums = log_sums.iter().zip(sums);
    for (((row, gradients), (&log_sum, &sum)), position) in rows.zip(sums).zip(scores.first..) {
        let (row, rest) = row.split_at_mut(position + 1);
        let (gradients, gradients_rest) = gradients.split_at_mut(position + 1);
        rest.fill(T::default());
        gradients_rest.fill(T::default());
        for (number, gradient) in row.iter_mut().zip(gradients) {
            let weight = (*number * scores.scale - log_sum).exp();
            *number = weight;
            *gradient = weight * (*gradient - sum) * scores.scale;
        }
    }
}

/// Combines numbers in `LANES` lanes, then the lanes with each other and with the numbers left over.
#[inline(always)]
fn reduce<T: Real>(numbers: &[T], start: T, combine: impl Fn(T, T) -> T) -> T {
    let mut lanes = [start; LANES];
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &number) in lanes.iter_mut().zip(chunk) {
            *lane = combine(*lane, number);
        }
    }
    let all = lanes.iter().chain(rest);
    all.fold(start, |total, &number| combine(total, number))
}
