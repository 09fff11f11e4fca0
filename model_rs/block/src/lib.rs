//! Causal self-attention for PyTorch, forward and backward: the kernels and, with the feature
//! `python`, the module that Python imports.

pub mod attention;
pub mod lanes;
pub mod path;
pub mod product;
pub mod real;
pub mod softmax;

#[cfg(feature = "python")]
mod dlpack;
#[cfg(feature = "python")]
mod python;
#[cfg(test)]
mod tests;
