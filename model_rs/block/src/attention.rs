//! Causal self-attention over all heads, with its projections: forward, and backward.
//!
//! The result of the first projection is kept as it comes, (B T, 3 C): queries, keys and values of a
//! head are columns of it, and are multiplied where they lie. PyTorch's operations copy them into
//! (B, H, T, C / H) and back, add a mask of infinities, and compute both halves of each square.

use crate::path::Kernels;
use crate::product::{Panel, Product, Zeros};
use crate::real::Real;
use crate::softmax::Scores;

/// Queries whose scores are computed at once. Longer texts are taken in several blocks, so that the
/// scores stay in the cache.
const QUERIES: usize = 64;

/// B sequences of T characters with C numbers each, and H heads.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub batch: usize,
    pub length: usize,
    pub width: usize,
    pub heads: usize,
}

impl Shape {
    fn rows(self) -> usize {
        self.batch * self.length
    }

    fn head_width(self) -> usize {
        self.width / self.heads
    }

    fn scale<T: Real>(self) -> T {
        T::from_f64(1.0 / (self.head_width() as f64).sqrt())
    }
}

/// The module's inputs, or their gradients.
pub struct Inputs<S> {
    /// (B T, C)
    pub x: S,
    /// (3 C, C): the weights that make queries, keys and values.
    pub query_key_value: S,
    /// (C, C): the weights of the last projection.
    pub projection: S,
}

/// What `forward` computes for `backward`, besides the result.
pub struct Kept<S> {
    /// (B T, 3 C): queries, keys and values.
    pub projected: S,
    /// (B T, C): the values, mixed; the input of the last projection.
    pub mixed: S,
    /// (B, H, T): logarithms of the sums of exponentials.
    pub log_sums: S,
}

/// Memory that `backward` writes on the way. The caller keeps it, because fresh memory of this size
/// would have to be fetched from the system and cleared.
pub struct Scratch<S> {
    /// (B T, 3 C): the gradients of queries, keys and values.
    pub projected: S,
    /// (B T, C): the gradient of the mixed values.
    pub mixed: S,
}

/// A matrix whose rows lie one after another.
fn dense<'a, T>(
    (rows, inner, columns): (usize, usize, usize),
    (left, left_steps): (&'a [T], (usize, usize)),
    (right, right_steps): (&'a [T], (usize, usize)),
    out: &'a mut [T],
) -> Product<'a, T> {
    Product {
        rows,
        inner,
        columns,
        left,
        left_steps,
        right,
        right_steps,
        out,
        out_step: columns,
        add: false,
        zeros: Zeros::None,
    }
}

/// Computes attention of `given.x` into `out`, (B T, C).
pub fn forward<T: Real, K: Kernels<T>>(
    kernels: K,
    shape: Shape,
    given: &Inputs<&[T]>,
    kept: Kept<&mut [T]>,
    out: &mut [T],
) {
    let (rows, width) = (shape.rows(), shape.width);
    let mut panel = Panel::new();
    kernels.multiply(
        dense(
            (rows, width, 3 * width),
            (given.x, (width, 1)),
            (given.query_key_value, (1, width)),
            kept.projected,
        ),
        &mut panel,
    );
    let mut scores = vec![T::default(); QUERIES.min(shape.length) * shape.length];
    for (sequence, projected) in kept
        .projected
        .chunks_exact(shape.length * 3 * width)
        .enumerate()
    {
        for head in 0..shape.heads {
            let block = Block::new(shape, sequence, head, projected);
            block.forward(kernels, kept.mixed, kept.log_sums, &mut scores, &mut panel);
        }
    }
    kernels.multiply(
        dense(
            (rows, width, width),
            (kept.mixed, (width, 1)),
            (given.projection, (1, width)),
            out,
        ),
        &mut panel,
    );
}

/// Computes the gradients of what was given from `out_gradient`, (B T, C).
pub fn backward<T: Real, K: Kernels<T>>(
    kernels: K,
    shape: Shape,
    given: &Inputs<&[T]>,
    kept: &Kept<&[T]>,
    out_gradient: &[T],
    gradients: Inputs<&mut [T]>,
    scratch: Scratch<&mut [T]>,
) {
    let (rows, width) = (shape.rows(), shape.width);
    let mut panel = Panel::new();
    kernels.multiply(
        dense(
            (width, rows, width),
            (out_gradient, (1, width)),
            (kept.mixed, (width, 1)),
            gradients.projection,
        ),
        &mut panel,
    );
    let Scratch {
        projected: projected_gradient,
        mixed: mixed_gradient,
    } = scratch;
    kernels.multiply(
        dense(
            (rows, width, width),
            (out_gradient, (width, 1)),
            (given.projection, (width, 1)),
            mixed_gradient,
        ),
        &mut panel,
    );
    let mut block_scratch = BlockScratch {
        scores: vec![T::default(); QUERIES.min(shape.length) * shape.length],
        gradients: vec![T::default(); QUERIES.min(shape.length) * shape.length],
        sums: vec![T::default(); shape.length],
    };
    let step = shape.length * 3 * width;
    let sequences = kept
        .projected
        .chunks_exact(step)
        .zip(projected_gradient.chunks_exact_mut(step));
    for (sequence, (projected, gradient)) in sequences.enumerate() {
        for head in 0..shape.heads {
            let block = Block::new(shape, sequence, head, projected);
            let mixed = (kept.mixed, &*mixed_gradient);
            block.backward(
                kernels,
                mixed,
                kept.log_sums,
                gradient,
                &mut block_scratch,
                &mut panel,
            );
        }
    }
    kernels.multiply(
        dense(
            (3 * width, rows, width),
            (projected_gradient, (1, 3 * width)),
            (given.x, (width, 1)),
            gradients.query_key_value,
        ),
        &mut panel,
    );
    kernels.multiply(
        dense(
            (rows, 3 * width, width),
            (projected_gradient, (3 * width, 1)),
            (given.query_key_value, (width, 1)),
            gradients.x,
        ),
        &mut panel,
    );
}

/// Scores of a block of queries, and what belongs to them.
struct BlockScratch<T> {
    scores: Vec<T>,
    gradients: Vec<T>,
    sums: Vec<T>,
}

/// One head of one sequence.
struct Block<'a, T> {
    shape: Shape,
    /// Where the head's columns begin in (T, 3 C): of queries, keys and values.
    columns: [usize; 3],
    /// Where its part begins in (B T, C).
    mixed: usize,
    /// Where its part begins in (B, H, T).
    log_sums: usize,
    /// (T, 3 C) of the sequence.
    projected: &'a [T],
}

impl<'a, T: Real> Block<'a, T> {
    fn new(shape: Shape, sequence: usize, head: usize, projected: &'a [T]) -> Self {
        let column = head * shape.head_width();
        Self {
            shape,
            columns: [0, 1, 2].map(|part| part * shape.width + column),
            mixed: sequence * shape.length * shape.width + column,
            log_sums: (sequence * shape.heads + head) * shape.length,
            projected,
        }
    }

    /// Multiplies queries (or gradients of what they mix) with keys (or values) into scores.
    fn scores<'b>(
        &self,
        (first, count): (usize, usize),
        (left, left_step): (&'b [T], usize),
        right: &'b [T],
        out: &'b mut [T],
    ) -> Product<'b, T> {
        Product {
            rows: count,
            inner: self.shape.head_width(),
            columns: first + count,
            left,
            left_steps: (left_step, 1),
            right,
            right_steps: (1, 3 * self.shape.width),
            out,
            out_step: self.shape.length,
            add: false,
            zeros: Zeros::OutAbove { offset: first },
        }
    }

    /// Multiplies weights (or gradients of scores) with values (or keys), as far as queries look back.
    fn looking_back<'b>(
        &self,
        (first, count): (usize, usize),
        left: &'b [T],
        right: &'b [T],
        (out, out_step): (&'b mut [T], usize),
    ) -> Product<'b, T> {
        Product {
            rows: count,
            inner: first + count,
            columns: self.shape.head_width(),
            left,
            left_steps: (self.shape.length, 1),
            right,
            right_steps: (3 * self.shape.width, 1),
            out,
            out_step,
            add: false,
            zeros: Zeros::LeftAbove { offset: first },
        }
    }

    /// Sums what was mixed times its gradient over each row, from row `first` of the head on.
    fn row_sums(&self, first: usize, mixed: &[T], mixed_gradient: &[T], sums: &mut [T]) {
        for (row, sum) in sums.iter_mut().enumerate() {
            let start = (first + row) * self.shape.width;
            let numbers = &mixed[start..start + self.shape.head_width()];
            let gradients = &mixed_gradient[start..start + self.shape.head_width()];
            *sum = T::default();
            for (&number, &gradient) in numbers.iter().zip(gradients) {
                *sum += number * gradient;
            }
        }
    }

    fn forward<K: Kernels<T>>(
        &self,
        kernels: K,
        mixed: &mut [T],
        log_sums: &mut [T],
        scores: &mut [T],
        panel: &mut Panel<T>,
    ) {
        let (length, step) = (self.shape.length, 3 * self.shape.width);
        let [queries, keys, values] = self.columns.map(|column| &self.projected[column..]);
        for first in (0..length).step_by(QUERIES) {
            let count = QUERIES.min(length - first);
            let queries = (&queries[first * step..], step);
            kernels.multiply(self.scores((first, count), queries, keys, scores), panel);
            let start = self.log_sums + first;
            let softmax = Scores {
                first,
                numbers: &mut scores[..count * length],
                step: length,
                scale: self.shape.scale(),
            };
            kernels.softmax(softmax, &mut log_sums[start..start + count]);
            let out = (
                &mut mixed[self.mixed + first * self.shape.width..],
                self.shape.width,
            );
            kernels.multiply(
                self.looking_back((first, count), scores, values, out),
                panel,
            );
        }
    }

    /// Writes the gradients of the head's columns of (T, 3 C).
    fn backward<K: Kernels<T>>(
        &self,
        kernels: K,
        (mixed, mixed_gradient): (&[T], &[T]),
        log_sums: &[T],
        gradient: &mut [T],
        scratch: &mut BlockScratch<T>,
        panel: &mut Panel<T>,
    ) {
        let (length, width, step) = (self.shape.length, self.shape.width, 3 * self.shape.width);
        let [queries, keys, values] = self.columns.map(|column| &self.projected[column..]);
        let (mixed, mixed_gradient) = (&mixed[self.mixed..], &mixed_gradient[self.mixed..]);
        // From the last block back: it reaches all keys, so that the others can add to what it wrote.
        for first in (0..length).step_by(QUERIES).rev() {
            let count = QUERIES.min(length - first);
            let queries = &queries[first * step..];
            let from_mixed = &mixed_gradient[first * width..];
            let part = (first, count);
            let BlockScratch {
                scores,
                gradients,
                sums,
            } = scratch;
            kernels.multiply(self.scores(part, (queries, step), keys, scores), panel);
            kernels.multiply(
                self.scores(part, (from_mixed, width), values, gradients),
                panel,
            );
            self.row_sums(first, mixed, mixed_gradient, &mut sums[..count]);
            let start = self.log_sums + first;
            let softmax = Scores {
                first,
                numbers: &mut scores[..count * length],
                step: length,
                scale: self.shape.scale(),
            };
            let log_sums = &log_sums[start..start + count];
            kernels.softmax_backward(
                softmax,
                log_sums,
                &sums[..count],
                &mut gradients[..count * length],
            );
            let [of_queries, of_keys, of_values] = self.columns;
            let out = (&mut gradient[of_queries + first * step..], step);
            kernels.multiply(self.looking_back(part, gradients, keys, out), panel);
            let pairs = [
                (&*gradients, queries, step, of_keys),
                (&*scores, from_mixed, width, of_values),
            ];
            for (left, right, right_step, column) in pairs {
                kernels.multiply(
                    Product {
                        rows: first + count,
                        inner: count,
                        columns: self.shape.head_width(),
                        left,
                        left_steps: (1, length),
                        right,
                        right_steps: (right_step, 1),
                        out: &mut gradient[column..],
                        out_step: step,
                        add: first + count < length,
                        zeros: Zeros::LeftBelow { offset: first },
                    },
                    panel,
                );
            }
        }
    }
}
