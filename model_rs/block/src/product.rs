//! The product of two matrices, tile by tile, whose sums stay in registers.

use crate::lanes::Lanes;
use crate::real::Real;

/// Where a factor or the result is known to be zero or not needed, because characters look back only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zeros {
    /// Nowhere.
    None,
    /// `left[m][k]` is zero for k > m + offset.
    LeftAbove { offset: usize },
    /// `left[m][k]` is zero for k + offset < m.
    LeftBelow { offset: usize },
    /// `out[m][n]` is not needed for n > m + offset, and may be left as it was.
    OutAbove { offset: usize },
}

/// `out = left right`, or `out += left right`, all in memory that the matrices may share with others.
pub struct Product<'a, T> {
    /// Rows of `left` and `out`.
    pub rows: usize,
    /// Columns of `left`, rows of `right`.
    pub inner: usize,
    /// Columns of `right` and `out`.
    pub columns: usize,
    pub left: &'a [T],
    /// Numbers from one row of `left` to the next, and from one column to the next.
    pub left_steps: (usize, usize),
    pub right: &'a [T],
    /// The same for `right`.
    pub right_steps: (usize, usize),
    pub out: &'a mut [T],
    /// Numbers from one row of `out` to the next; its columns lie side by side.
    pub out_step: usize,
    /// Whether the product is added to `out`.
    pub add: bool,
    pub zeros: Zeros,
}

/// Rows of `right` that are multiplied at once: their part of a panel stays in the first-level cache.
const DEPTH: usize = 256;

/// Numbers in a row of the widest panel: two vectors of 16 `f32`.
const WIDEST: usize = 32;

/// Memory for a panel, which begins with a cache line so that no vector lies in two of them.
#[repr(align(64))]
pub struct Panel<T>([T; DEPTH * WIDEST]);

impl<T: Real> Panel<T> {
    pub fn new() -> Box<Self> {
        Box::new(Self([T::default(); DEPTH * WIDEST]))
    }
}

impl<T: Real> Product<'_, T> {
    /// Panics if a matrix is not within its memory: what the tiles rely on.
    fn check(&self) {
        let last = |rows: usize, columns: usize, (row, column): (usize, usize)| {
            (rows - 1) * row + (columns - 1) * column
        };
        assert!(last(self.rows, self.inner, self.left_steps) < self.left.len());
        assert!(last(self.inner, self.columns, self.right_steps) < self.right.len());
        assert!(last(self.rows, self.columns, (self.out_step, 1)) < self.out.len());
        assert!(self.rows < 2 || self.columns <= self.out_step);
    }

    /// The part of `depth` (a range of `inner`) that is not zero for rows `row` to `row + rows`.
    #[inline(always)]
    fn depth(&self, row: usize, rows: usize, depth: (usize, usize)) -> (usize, usize) {
        match self.zeros {
            Zeros::LeftAbove { offset } => (depth.0, depth.1.min(row + rows + offset).max(depth.0)),
            Zeros::LeftBelow { offset } => {
                (row.saturating_sub(offset).clamp(depth.0, depth.1), depth.1)
            }
            _ => depth,
        }
    }
}

/// Computes a product by vectors `V`.
///
/// # Safety
/// The processor must have the instructions of `V`.
#[inline(always)]
pub unsafe fn multiply<V: Lanes>(product: &mut Product<V::Number>, panel: &mut Panel<V::Number>) {
    if product.rows == 0 || product.columns == 0 {
        return;
    }
    assert!(product.inner > 0, "a product over nothing");
    product.check();
    let width = 2 * V::WIDTH;
    assert!(width <= WIDEST);
    for depth in (0..product.inner).step_by(DEPTH) {
        let depth = (depth, product.inner.min(depth + DEPTH));
        for column in (0..product.columns).step_by(width) {
            fill(panel, product, depth, column, width);
            let mut row = match product.zeros {
                Zeros::OutAbove { offset } => column.saturating_sub(offset) / V::ROWS * V::ROWS,
                _ => 0,
            };
            while row < product.rows {
                let left = product.rows - row;
                // SAFETY: the processor has the instructions, as the caller says; `check` passed,
                // and each call has as many rows as are left, or fewer.
                row += unsafe {
                    match left {
                        12.. if V::ROWS >= 12 => tile::<V, 12>(product, panel, depth, row, column),
                        8.. if V::ROWS >= 8 => tile::<V, 8>(product, panel, depth, row, column),
                        6.. if V::ROWS == 6 => tile::<V, 6>(product, panel, depth, row, column),
                        4.. => tile::<V, 4>(product, panel, depth, row, column),
                        2.. => tile::<V, 2>(product, panel, depth, row, column),
                        _ => tile::<V, 1>(product, panel, depth, row, column),
                    }
                };
            }
        }
    }
}

/// Copies `width` columns of `right` side by side, with zeros where it has no more columns.
#[inline(always)]
fn fill<T: Real>(
    panel: &mut Panel<T>,
    product: &Product<T>,
    depth: (usize, usize),
    column: usize,
    width: usize,
) {
    let (row_step, column_step) = product.right_steps;
    let columns = width.min(product.columns - column);
    let panel = &mut panel.0[..(depth.1 - depth.0) * width];
    if column_step == 1 {
        for (row, k) in panel.chunks_exact_mut(width).zip(depth.0..) {
            let start = k * row_step + column;
            if columns == width {
                // A copy of a length that the compiler knows is no call.
                row.copy_from_slice(&product.right[start..start + width]);
            } else {
                row[..columns].copy_from_slice(&product.right[start..start + columns]);
                row[columns..].fill(T::default());
            }
        }
        return;
    }
    if columns < width {
        panel.fill(T::default());
    }
    let start = column * column_step + depth.0 * row_step;
    let whole = if row_step == 1 {
        (depth.1 - depth.0) / SQUARE * SQUARE
    } else {
        0
    };
    for n in (0..columns / SQUARE * SQUARE).step_by(SQUARE) {
        for k in (0..whole).step_by(SQUARE) {
            transpose(
                &product.right[start + n * column_step + k..],
                column_step,
                panel,
                k * width + n,
                width,
            );
        }
    }
    // What no square covers: the last columns, and below the squares the last rows.
    for n in 0..columns {
        let first = if n < columns / SQUARE * SQUARE {
            whole
        } else {
            0
        };
        for k in first..depth.1 - depth.0 {
            panel[k * width + n] = product.right[start + n * column_step + k * row_step];
        }
    }
}

/// Side of the squares that are transposed at once, in registers.
const SQUARE: usize = 8;

/// Copies a square of 8 rows of `from` to 8 columns of `to`, from `at` on.
#[inline(always)]
fn transpose<T: Real>(from: &[T], from_step: usize, to: &mut [T], at: usize, to_step: usize) {
    let rows: [[T; SQUARE]; SQUARE] = std::array::from_fn(|row| {
        let start = row * from_step;
        std::array::from_fn(|k| from[start..start + SQUARE][k])
    });
    let columns: [[T; SQUARE]; SQUARE] =
        std::array::from_fn(|k| std::array::from_fn(|row| rows[row][k]));
    for (k, column) in columns.iter().enumerate() {
        let start = at + k * to_step;
        to[start..start + SQUARE].copy_from_slice(column);
    }
}

/// Computes `ROWS` rows and two vectors of columns of the result, and returns `ROWS`.
///
/// # Safety
/// The processor must have the instructions of `V`, `product.check()` must have passed, and `ROWS`
/// rows must begin at `row`.
#[inline(always)]
unsafe fn tile<V: Lanes, const ROWS: usize>(
    product: &mut Product<V::Number>,
    panel: &Panel<V::Number>,
    depth: (usize, usize),
    row: usize,
    column: usize,
) -> usize {
    let (start, end) = product.depth(row, ROWS, depth);
    let add = product.add || depth.0 > 0;
    if start == end && add {
        return ROWS;
    }
    let (row_step, column_step) = product.left_steps;
    let columns = (product.columns - column).min(2 * V::WIDTH);
    // SAFETY: by `check`, left[row + m][k] lies within `left` for each m < ROWS and k < end, and
    // out[row + m][column + n] within `out` for n < columns. The panel has end - depth.0 rows of two
    // vectors. Vectors are stored to `out` where all their columns exist, or else to `rest`.
    unsafe {
        let mut sums = [[V::splat(V::Number::default()); 2]; ROWS];
        let left = product.left.as_ptr().add(row * row_step);
        let mut right = panel.0.as_ptr().add((start - depth.0) * 2 * V::WIDTH);
        for k in start..end {
            let factors = [V::load(right), V::load(right.add(V::WIDTH))];
            right = right.add(2 * V::WIDTH);
            let left = left.add(k * column_step);
            for (m, sum) in sums.iter_mut().enumerate() {
                let number = V::splat(*left.add(m * row_step));
                sum[0] = sum[0].plus_product(number, factors[0]);
                sum[1] = sum[1].plus_product(number, factors[1]);
            }
        }
        let out = product
            .out
            .as_mut_ptr()
            .add(row * product.out_step + column);
        for (m, sum) in sums.iter().enumerate() {
            let out = out.add(m * product.out_step);
            if columns == 2 * V::WIDTH {
                store(sum[0], out, add);
                store(sum[1], out.add(V::WIDTH), add);
            } else {
                let mut rest = [V::Number::default(); WIDEST];
                sum[0].store(rest.as_mut_ptr());
                sum[1].store(rest.as_mut_ptr().add(V::WIDTH));
                for (n, number) in rest[..columns].iter().enumerate() {
                    let before = if add {
                        *out.add(n)
                    } else {
                        V::Number::default()
                    };
                    *out.add(n) = before + *number;
                }
            }
        }
    }
    ROWS
}

/// Stores a vector, or adds it to what is there.
///
/// # Safety
/// The processor must have its instructions, and its numbers must be writable there.
#[inline(always)]
unsafe fn store<V: Lanes>(sum: V, out: *mut V::Number, add: bool) {
    // SAFETY: as the caller says. The product with one is exact.
    unsafe {
        if add {
            V::load(out)
                .plus_product(V::splat(V::Number::ONE), sum)
                .store(out);
        } else {
            sum.store(out);
        }
    }
}
