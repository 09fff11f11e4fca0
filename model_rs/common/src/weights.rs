//! The parameters of the model by the names that PyTorch gives them, and safetensors files of them.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype as FileDtype, TensorView};
use safetensors::{SafeTensors, serialize_to_file};

use crate::config::Config;
use crate::error::{Result, usage};

/// A parameter of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub name: String,
    pub shape: Vec<usize>,
    /// Standard deviation of the initial weights; `None` for those that start as ones.
    pub scale: Option<f64>,
}

impl Parameter {
    /// Number of weights.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Returns the parameters of a model in the order of PyTorch's `named_parameters()`.
///
/// As in GPT-2, weights whose results are added to the residual stream start smaller, the more so
/// the more blocks add to it.
pub fn parameters(config: &Config, vocabulary: usize) -> Vec<Parameter> {
    let (width, scale) = (config.width, 0.02);
    let into_stream = scale / (2.0 * config.layers as f64).sqrt();
    let matrix = |name: String, rows, columns, scale| Parameter {
        name,
        shape: vec![rows, columns],
        scale: Some(scale),
    };
    let norm = |name: String| Parameter {
        name,
        shape: vec![width],
        scale: None,
    };
    let mut all = vec![
        matrix("token_embedding.weight".into(), vocabulary, width, scale),
        matrix(
            "position_embedding.weight".into(),
            config.context,
            width,
            scale,
        ),
    ];
    for layer in 0..config.layers {
        let name = |rest: &str| format!("blocks.{layer}.{rest}.weight");
        all.extend([
            norm(name("norm_1")),
            matrix(name("attention.query_key_value"), 3 * width, width, scale),
            matrix(name("attention.projection"), width, width, into_stream),
            norm(name("norm_2")),
            matrix(name("expand"), 4 * width, width, scale),
            matrix(name("contract"), width, 4 * width, into_stream),
        ]);
    }
    all.push(norm("norm.weight".into()));
    all
}

/// The values of all parameters, as float64, which holds every float32 exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights(pub Vec<(Parameter, Vec<f64>)>);

impl Weights {
    /// Reads them from a safetensors file, which holds exactly these parameters.
    pub fn read(path: &Path, parameters: &[Parameter]) -> Result<Self> {
        let fault = |what: String| usage(format!("the weights {}: {what}", path.display()));
        let bytes = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|error| fault(format!("it is no safetensors file: {error}")))?;
        if let Some(name) = file
            .names()
            .iter()
            .find(|name| parameters.iter().all(|parameter| parameter.name != **name))
        {
            return Err(fault(format!("the model has no parameter {name:?}")));
        }
        let read = |parameter: &Parameter| {
            let name = &parameter.name;
            let tensor = file
                .tensor(name)
                .map_err(|_| fault(format!("the parameter {name:?} is missing")))?;
            if tensor.shape() != parameter.shape {
                return Err(fault(format!(
                    "{name:?} has the shape {:?}, not {:?}",
                    tensor.shape(),
                    parameter.shape
                )));
            }
            let values = values(&tensor).ok_or_else(|| {
                let dtype = tensor.dtype();
                fault(format!("{name:?} is of type {dtype}, not F32 or F64"))
            })?;
            Ok((parameter.clone(), values))
        };
        parameters
            .iter()
            .map(read)
            .collect::<Result<_>>()
            .map(Weights)
    }

    /// Writes them to a safetensors file, as float64 or as float32.
    #[allow(clippy::cast_possible_truncation)] // rounding to float32 is what is asked for
    pub fn write(&self, path: &Path, float64: bool) -> Result<()> {
        let bytes: BTreeMap<&str, (Vec<u8>, &[usize])> = self
            .0
            .iter()
            .map(|(parameter, values)| {
                let bytes = if float64 {
                    values
                        .iter()
                        .flat_map(|value| value.to_le_bytes())
                        .collect()
                } else {
                    let single = values.iter().map(|value| *value as f32);
                    single.flat_map(f32::to_le_bytes).collect()
                };
                (parameter.name.as_str(), (bytes, parameter.shape.as_slice()))
            })
            .collect();
        let dtype = if float64 {
            FileDtype::F64
        } else {
            FileDtype::F32
        };
        let views = bytes
            .iter()
            .map(|(name, (bytes, shape))| {
                Ok((*name, TensorView::new(dtype, shape.to_vec(), bytes)?))
            })
            .collect::<Result<Vec<_>>>()?;
        serialize_to_file(views, None, path)
            .map_err(|error| usage(format!("cannot write {}: {error}", path.display())))
    }

    /// Number of weights of all parameters.
    pub fn count(&self) -> usize {
        self.0.iter().map(|(parameter, _)| parameter.count()).sum()
    }
}

/// The values of a tensor of type F32 or F64.
fn values(tensor: &TensorView<'_>) -> Option<Vec<f64>> {
    let bytes = tensor.data();
    match tensor.dtype() {
        FileDtype::F32 => {
            let (numbers, _) = bytes.as_chunks::<4>();
            Some(
                numbers
                    .iter()
                    .map(|b| f32::from_le_bytes(*b).into())
                    .collect(),
            )
        }
        FileDtype::F64 => {
            let (numbers, _) = bytes.as_chunks::<8>();
            Some(numbers.iter().map(|b| f64::from_le_bytes(*b)).collect())
        }
        _ => None,
    }
}
