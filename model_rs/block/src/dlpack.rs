//! Tensors of another library, borrowed by DLPack without a copy.
//!
//! A capsule says where the numbers are, their type, shape, steps and device, so that all of it is
//! checked here and nothing rests on what a caller in Python says. A bare pointer would not say it;
//! numpy would have to be installed, and would tie this module to its versions.

use std::ffi::c_void;
use std::ops::Range;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// `DLTensor` of DLPack's `dlpack.h`, the same in all its versions.
#[repr(C)]
struct Tensor {
    data: *mut c_void,
    device: i32,
    device_number: i32,
    dimensions: i32,
    code: u8,
    bits: u8,
    lanes: u16,
    shape: *const i64,
    steps: *const i64,
    offset: u64,
}

const CPU: i32 = 1;
const FLOAT: u8 = 2;

/// The number types that are computed with, by their bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    F32,
    F64,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Kind::F32 => "float32",
            Kind::F64 => "float64",
        }
    }
}

/// A tensor on the CPU whose numbers lie one after another, borrowed while its capsule lives.
pub struct Borrowed<'a> {
    pub name: &'static str,
    pub kind: Kind,
    pub shape: &'a [i64],
    data: *mut c_void,
    count: usize,
}

/// The number type of a Rust type.
pub trait Number {
    const KIND: Kind;
}

impl Number for f32 {
    const KIND: Kind = Kind::F32;
}

impl Number for f64 {
    const KIND: Kind = Kind::F64;
}

impl<'a> Borrowed<'a> {
    /// Borrows the tensor of a capsule that `torch.utils.dlpack.to_dlpack` made.
    pub fn new(name: &'static str, capsule: &'a Bound<'_, PyCapsule>) -> PyResult<Self> {
        let pointer = capsule.pointer_checked(Some(c"dltensor"))?;
        // SAFETY: by DLPack, a capsule of this name holds a DLManagedTensor, which begins with a
        // DLTensor and lives as long as the capsule does.
        let tensor: &Tensor = unsafe { pointer.cast().as_ref() };
        if tensor.device != CPU {
            let message = format!(
                "{name} is on another device; this module computes on the CPU: move it by .cpu()"
            );
            return Err(PyValueError::new_err(message));
        }
        let kind = match (tensor.code, tensor.bits, tensor.lanes) {
            (FLOAT, 32, 1) => Kind::F32,
            (FLOAT, 64, 1) => Kind::F64,
            (_, bits, _) => {
                let message = format!(
                    "{name} has another type of {bits} bits; this module computes in float32 and float64"
                );
                return Err(PyTypeError::new_err(message));
            }
        };
        let dimensions = usize::try_from(tensor.dimensions).unwrap_or_default();
        let (shape, steps): (&[i64], &[i64]) = if dimensions == 0 {
            (&[], &[])
        } else {
            // SAFETY: by DLPack, both have this many numbers; PyTorch always gives steps.
            unsafe {
                let shape = std::slice::from_raw_parts(tensor.shape, dimensions);
                let steps = if tensor.steps.is_null() {
                    &[][..]
                } else {
                    std::slice::from_raw_parts(tensor.steps, dimensions)
                };
                (shape, steps)
            }
        };
        let mut count = 1_i64;
        let mut dense = true;
        for (&size, &step) in shape.iter().zip(steps).rev() {
            dense &= size == 1 || step == count;
            count *= size;
        }
        let count = if steps.is_empty() {
            shape.iter().product()
        } else {
            count
        };
        let count = usize::try_from(count).unwrap_or_default();
        if !dense && count > 0 {
            let message =
                format!("the numbers of {name} do not lie one after another: call .contiguous()");
            return Err(PyValueError::new_err(message));
        }
        let offset = usize::try_from(tensor.offset).unwrap_or_default();
        let data = tensor.data.wrapping_byte_add(offset);
        Ok(Self {
            name,
            kind,
            shape,
            data,
            count,
        })
    }

    /// Checks number type and shape.
    pub fn expect(&self, kind: Kind, shape: &[usize]) -> PyResult<()> {
        if self.kind != kind {
            return Err(PyTypeError::new_err(format!(
                "{} is {}, and x is {}: give both the same type",
                self.name,
                self.kind.name(),
                kind.name()
            )));
        }
        let same = self.shape.len() == shape.len()
            && self
                .shape
                .iter()
                .zip(shape)
                .all(|(&own, &size)| usize::try_from(own) == Ok(size));
        if !same {
            return Err(PyValueError::new_err(format!(
                "{} has the shape {:?}, not {shape:?}",
                self.name, self.shape
            )));
        }
        Ok(())
    }

    fn bytes(&self) -> Range<usize> {
        let size = if self.kind == Kind::F32 { 4 } else { 8 };
        let start = self.data as usize;
        start..start + self.count * size
    }

    /// The numbers, to read.
    ///
    /// # Safety
    /// Nothing may write to the tensor as long as they are borrowed.
    pub unsafe fn numbers<T: Number>(&self) -> PyResult<&'a [T]> {
        let data = self.checked::<T>()?;
        // SAFETY: the capsule keeps `count` numbers there alive, of the type that was checked, and
        // the caller says that nothing writes to them.
        Ok(unsafe { std::slice::from_raw_parts(data, self.count) })
    }

    /// The numbers, to write.
    ///
    /// # Safety
    /// Nothing else may use the tensor as long as they are borrowed; `check_apart` must have passed.
    pub unsafe fn numbers_mut<T: Number>(&self) -> PyResult<&'a mut [T]> {
        let data = self.checked::<T>()?;
        // SAFETY: the capsule keeps `count` numbers there alive, of the type that was checked, and
        // the caller says that nothing else uses them.
        Ok(unsafe { std::slice::from_raw_parts_mut(data, self.count) })
    }

    fn checked<T: Number>(&self) -> PyResult<*mut T> {
        self.expect_kind(T::KIND)?;
        if self.count == 0 {
            return Ok(std::ptr::NonNull::dangling().as_ptr());
        }
        let data = self.data.cast::<T>();
        if data.is_null() || !data.is_aligned() {
            return Err(PyValueError::new_err(format!(
                "{} is not aligned",
                self.name
            )));
        }
        Ok(data)
    }

    fn expect_kind(&self, kind: Kind) -> PyResult<()> {
        let shape: Vec<usize> = self.shape.iter().map(|&size| size as usize).collect();
        self.expect(kind, &shape)
    }
}

/// Checks that no tensor that is written shares memory with another one.
pub fn check_apart(read: &[&Borrowed], written: &[&Borrowed]) -> PyResult<()> {
    for (number, one) in written.iter().enumerate() {
        for other in read.iter().chain(&written[number + 1..]) {
            let (a, b) = (one.bytes(), other.bytes());
            if a.start < b.end && b.start < a.end {
                let message = format!("{} and {} share memory", one.name, other.name);
                return Err(PyValueError::new_err(message));
            }
        }
    }
    Ok(())
}
