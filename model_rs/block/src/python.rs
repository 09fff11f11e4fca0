//! The module that Python imports: `nanogpt_block._kernels`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::attention::{self, Inputs, Kept, Scratch, Shape};
use crate::dlpack::{Borrowed, Kind, Number, check_apart};
use crate::path::{self, Kernels, Scalar};
#[cfg(target_arch = "x86_64")]
use crate::path::{Avx2, Avx512};
use crate::real::Real;

type Capsule<'py> = Bound<'py, PyCapsule>;

/// The shape of `x` with a number of heads.
fn shape_of(x: &Borrowed, heads: usize) -> PyResult<Shape> {
    let sizes: Vec<usize> = x.shape.iter().map(|&size| size as usize).collect();
    let &[batch, length, width] = &sizes[..] else {
        let message = format!("x has the shape {:?}; it must be (B, T, C)", x.shape);
        return Err(PyValueError::new_err(message));
    };
    if heads == 0 || !width.is_multiple_of(heads) {
        let message = format!("{heads} heads do not divide a width of {width}");
        return Err(PyValueError::new_err(message));
    }
    Ok(Shape {
        batch,
        length,
        width,
        heads,
    })
}

/// Calls a function with the kernels of a path.
macro_rules! by_path {
    ($path:expr, $kernels:ident => $call:expr) => {
        match $path {
            "scalar" => {
                let $kernels = Scalar;
                $call
            }
            #[cfg(target_arch = "x86_64")]
            "avx2" if path::available("avx2") => {
                let $kernels = Avx2::new().expect("it is available");
                $call
            }
            #[cfg(target_arch = "x86_64")]
            "avx512" if path::available("avx512") => {
                let $kernels = Avx512::new().expect("it is available");
                $call
            }
            other => {
                let message = format!(
                    "no path {other:?} on this processor; there are: {}",
                    paths().join(", ")
                );
                Err(PyValueError::new_err(message))
            }
        }
    };
}

/// The code paths that this processor has, from the least to the best.
#[pyfunction]
fn paths() -> Vec<&'static str> {
    path::NAMES
        .into_iter()
        .filter(|name| path::available(name))
        .collect()
}

/// The inputs and what is kept of them, with shapes and number types that fit together.
struct Tensors<'a> {
    shape: Shape,
    kind: Kind,
    inputs: [Borrowed<'a>; 3],
    kept: [Borrowed<'a>; 3],
}

impl<'a> Tensors<'a> {
    fn new(heads: usize, inputs: [&'a Capsule; 3], kept: [&'a Capsule; 3]) -> PyResult<Self> {
        let [x, query_key_value, projection] = inputs;
        let x = Borrowed::new("x", x)?;
        let (shape, kind) = (shape_of(&x, heads)?, x.kind);
        let query_key_value = Borrowed::new("query_key_value.weight", query_key_value)?;
        let projection = Borrowed::new("projection.weight", projection)?;
        let [projected, mixed, log_sums] = kept;
        let projected = Borrowed::new("projected", projected)?;
        let mixed = Borrowed::new("mixed", mixed)?;
        let log_sums = Borrowed::new("log_sums", log_sums)?;
        let Shape {
            batch,
            length,
            width,
            heads,
        } = shape;
        query_key_value.expect(kind, &[3 * width, width])?;
        projection.expect(kind, &[width, width])?;
        projected.expect(kind, &[batch, length, 3 * width])?;
        mixed.expect(kind, &[batch, length, width])?;
        log_sums.expect(kind, &[batch, heads, length])?;
        let inputs = [x, query_key_value, projection];
        Ok(Self {
            shape,
            kind,
            inputs,
            kept: [projected, mixed, log_sums],
        })
    }

    /// Whether there is no number to compute.
    fn empty(&self) -> bool {
        self.shape.batch * self.shape.length * self.shape.width == 0
    }

    /// The inputs, to read.
    ///
    /// # Safety
    /// Nothing may write to them as long as they are borrowed.
    unsafe fn inputs<T: Number>(&self) -> PyResult<Inputs<&'a [T]>> {
        let [x, query_key_value, projection] = &self.inputs;
        // SAFETY: as the caller says.
        unsafe {
            Ok(Inputs {
                x: x.numbers()?,
                query_key_value: query_key_value.numbers()?,
                projection: projection.numbers()?,
            })
        }
    }
}

/// Fills `projected`, `mixed`, `log_sums` and `out` from `x` and the weights.
///
/// The GIL stays held: a call takes about a millisecond, and no other Python thread may write to the
/// tensors meanwhile.
#[pyfunction]
fn forward(
    path: &str,
    heads: usize,
    inputs: [Capsule; 3],
    kept: [Capsule; 3],
    out: &Capsule,
) -> PyResult<()> {
    let tensors = Tensors::new(heads, inputs.each_ref(), kept.each_ref())?;
    let Shape {
        batch,
        length,
        width,
        ..
    } = tensors.shape;
    let out = Borrowed::new("out", out)?;
    out.expect(tensors.kind, &[batch, length, width])?;
    let written: Vec<&Borrowed> = tensors.kept.iter().chain([&out]).collect();
    check_apart(&tensors.inputs.iter().collect::<Vec<_>>(), &written)?;
    if tensors.empty() {
        return Ok(());
    }
    fn typed<T: Real + Number>(
        kernels: impl Kernels<T>,
        tensors: &Tensors,
        out: &Borrowed,
    ) -> PyResult<()> {
        let [projected, mixed, log_sums] = &tensors.kept;
        // SAFETY: what is written shares no memory with anything else, and the GIL is held.
        unsafe {
            let kept = Kept {
                projected: projected.numbers_mut()?,
                mixed: mixed.numbers_mut()?,
                log_sums: log_sums.numbers_mut()?,
            };
            let (inputs, out) = (tensors.inputs()?, out.numbers_mut()?);
            attention::forward(kernels, tensors.shape, &inputs, kept, out);
        }
        Ok(())
    }
    match tensors.kind {
        Kind::F32 => by_path!(path, kernels => typed::<f32>(kernels, &tensors, &out)),
        Kind::F64 => by_path!(path, kernels => typed::<f64>(kernels, &tensors, &out)),
    }
}

/// Fills the gradients of `x` and of the weights from the gradient of `out` and what `forward` kept.
#[pyfunction]
fn backward(
    path: &str,
    heads: usize,
    inputs: [Capsule; 3],
    kept: [Capsule; 3],
    out_gradient: &Capsule,
    gradients: [Capsule; 3],
    scratch: [Capsule; 2],
) -> PyResult<()> {
    let tensors = Tensors::new(heads, inputs.each_ref(), kept.each_ref())?;
    let (
        kind,
        Shape {
            batch,
            length,
            width,
            ..
        },
    ) = (tensors.kind, tensors.shape);
    let out_gradient = Borrowed::new("the gradient of the result", out_gradient)?;
    out_gradient.expect(kind, &[batch, length, width])?;
    let [x, query_key_value, projection] = &gradients;
    let gradients = [
        Borrowed::new("the gradient of x", x)?,
        Borrowed::new("the gradient of query_key_value.weight", query_key_value)?,
        Borrowed::new("the gradient of projection.weight", projection)?,
    ];
    let [projected, mixed] = &scratch;
    let scratch = [
        Borrowed::new("scratch", projected)?,
        Borrowed::new("scratch", mixed)?,
    ];
    scratch[0].expect(kind, &[batch, length, 3 * width])?;
    scratch[1].expect(kind, &[batch, length, width])?;
    gradients[0].expect(kind, &[batch, length, width])?;
    gradients[1].expect(kind, &[3 * width, width])?;
    gradients[2].expect(kind, &[width, width])?;
    let read = tensors
        .inputs
        .iter()
        .chain(&tensors.kept)
        .chain([&out_gradient]);
    let written: Vec<&Borrowed> = gradients.iter().chain(&scratch).collect();
    check_apart(&read.collect::<Vec<_>>(), &written)?;
    match tensors.kind {
        Kind::F32 => {
            by_path!(path, kernels => backward_typed::<f32>(kernels, &tensors, &out_gradient, &gradients, &scratch))
        }
        Kind::F64 => {
            by_path!(path, kernels => backward_typed::<f64>(kernels, &tensors, &out_gradient, &gradients, &scratch))
        }
    }
}

/// `backward` for one number type.
fn backward_typed<T: Real + Number>(
    kernels: impl Kernels<T>,
    tensors: &Tensors,
    out_gradient: &Borrowed,
    [x, query_key_value, projection]: &[Borrowed; 3],
    [projected_scratch, mixed_scratch]: &[Borrowed; 2],
) -> PyResult<()> {
    let [projected, mixed, log_sums] = &tensors.kept;
    // SAFETY: what is written shares no memory with anything else, and the GIL is held.
    unsafe {
        let gradients = Inputs::<&mut [T]> {
            x: x.numbers_mut()?,
            query_key_value: query_key_value.numbers_mut()?,
            projection: projection.numbers_mut()?,
        };
        if tensors.empty() {
            gradients.query_key_value.fill(T::default());
            gradients.projection.fill(T::default());
            return Ok(());
        }
        let kept = Kept {
            projected: projected.numbers()?,
            mixed: mixed.numbers()?,
            log_sums: log_sums.numbers()?,
        };
        let scratch = Scratch {
            projected: projected_scratch.numbers_mut()?,
            mixed: mixed_scratch.numbers_mut()?,
        };
        let (inputs, out_gradient) = (tensors.inputs()?, out_gradient.numbers()?);
        attention::backward(
            kernels,
            tensors.shape,
            &inputs,
            &kept,
            out_gradient,
            gradients,
            scratch,
        );
    }
    Ok(())
}

#[pymodule]
mod _kernels {
    #[pymodule_export]
    use super::{backward, forward, paths};
}
