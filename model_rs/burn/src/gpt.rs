//! The GPT of `model/gpt.py` on burn, with its loss and its optimizer. Read from top to bottom.
//!
//! B is the number of sequences in a batch, T their length, C the width of the model, H its heads,
//! V the size of the vocabulary.

use std::mem::take;

use burn::tensor::activation::{gelu, log_softmax, softmax};
use burn::tensor::module::layer_norm;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use common::{
    BETAS, Batch, CLIP, Config, Dtype, Gpt, Parameter, Result, Setup, WEIGHT_DECAY, Weights,
};

/// Causal self-attention, all heads at once: (B, T, C) to (B, T, C).
struct Attention {
    heads: usize,
    query_key_value: Tensor<2>,
    projection: Tensor<2>,
}

impl Attention {
    fn forward(&self, x: Tensor<3>, future: &Tensor<2>, compute: DType) -> Tensor<3> {
        let [batch, length, width] = x.dims();
        let size = width / self.heads;
        let all = linear(x, &self.query_key_value, compute);
        let part = |index: usize| {
            let part = all.clone().narrow(2, index * width, width);
            part.reshape([batch, length, self.heads, size])
                .swap_dims(1, 2) // (B, H, T, C / H)
        };
        let (query, key, value) = (part(0), part(1), part(2));
        // Multiplied, not divided: the gradient of a division would have its constant in float32.
        let scale = 1.0 / (size as f64).sqrt();
        let affinity = query.matmul(key.swap_dims(2, 3)) * scale; // (B, H, T, T)
        let future = future.clone().narrow(0, 0, length).narrow(1, 0, length);
        let affinity = affinity.cast(future.dtype()) + future.unsqueeze::<4>();
        let mixed = softmax(affinity, 3).cast(compute).matmul(value);
        let joined = mixed.swap_dims(1, 2).reshape([batch, length, width]);
        linear(joined, &self.projection, compute)
    }
}

/// Attention between characters, then a network on each of them: (B, T, C) to (B, T, C).
struct Block {
    norm_1: Tensor<1>,
    attention: Attention,
    norm_2: Tensor<1>,
    expand: Tensor<2>,
    contract: Tensor<2>,
}

impl Block {
    fn forward(&self, x: Tensor<3>, future: &Tensor<2>, compute: DType) -> Tensor<3> {
        let dtype = x.dtype();
        let normal = layer_norm(x.clone(), self.norm_1.clone(), None, 1e-5);
        let x = x + self.attention.forward(normal, future, compute).cast(dtype);
        let normal = layer_norm(x.clone(), self.norm_2.clone(), None, 1e-5);
        let hidden = gelu(linear(normal, &self.expand, compute));
        x + linear(hidden, &self.contract, compute).cast(dtype)
    }
}

/// The model. It is made anew for each batch, because a graph of burn is used once.
struct Model {
    token_embedding: Tensor<2>,
    position_embedding: Tensor<2>,
    blocks: Vec<Block>,
    norm: Tensor<1>,
}

impl Model {
    /// Makes the model from flat parameters in the order of `common::parameters`.
    fn new(config: &Config, parameters: &[Tensor<1>]) -> Result<Self> {
        let width = config.width;
        let mut flat = parameters.iter().cloned();
        let mut vector = || flat.next().ok_or("the model has too few parameters");
        let matrix = |flat: Tensor<1>, columns: usize| {
            let rows = flat.dims()[0] / columns;
            flat.reshape([rows, columns])
        };
        let token_embedding = matrix(vector()?, width);
        let position_embedding = matrix(vector()?, width);
        let blocks = (0..config.layers)
            .map(|_| {
                Ok(Block {
                    norm_1: vector()?,
                    attention: Attention {
                        heads: config.heads,
                        query_key_value: matrix(vector()?, width),
                        projection: matrix(vector()?, width),
                    },
                    norm_2: vector()?,
                    expand: matrix(vector()?, width),
                    contract: matrix(vector()?, 4 * width),
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            token_embedding,
            position_embedding,
            blocks,
            norm: vector()?,
        })
    }

    /// Returns the mean cross-entropy of a batch, a scalar in nats.
    fn forward(&self, batch: &Batch, future: &Tensor<2>, compute: DType) -> Tensor<1> {
        let (sequences, length) = (batch.sequences(), batch.length);
        let [vocabulary, width] = self.token_embedding.dims();
        let inputs = ids(&batch.inputs, &future.device());
        let targets = ids(&batch.targets, &future.device());

        let tokens = self.token_embedding.clone().select(0, inputs);
        let positions = self.position_embedding.clone().narrow(0, 0, length);
        let mut x = tokens.reshape([sequences, length, width]) + positions.unsqueeze::<3>();
        let dtype = x.dtype();
        for block in &self.blocks {
            x = block.forward(x, future, compute);
        }
        let normal = layer_norm(x, self.norm.clone(), None, 1e-5);
        // The output layer shares the token embedding's weights.
        let logits = linear(normal, &self.token_embedding, compute).cast(dtype);
        let logarithms = log_softmax(logits.reshape([sequences * length, vocabulary]), 1);
        logarithms.gather(1, targets.unsqueeze_dim(1)).mean().neg()
    }
}

/// A parameter, with the running means of its gradient and of the gradient's square, all flat.
struct Trained {
    parameter: Parameter,
    value: Tensor<1>,
    mean: Tensor<1>,
    square: Tensor<1>,
}

/// The parameters and what AdamW keeps for each of them.
pub struct BurnGpt {
    config: Config,
    /// The type of the matrix multiplications while training. All else is of the parameters' type.
    compute: DType,
    /// (T, T), 0 up to the diagonal and minus infinity to its right.
    future: Tensor<2>,
    trained: Vec<Trained>,
    steps: i32,
}

impl BurnGpt {
    /// Clips all gradients together, then changes each parameter by AdamW.
    ///
    /// burn's own clipping goes tensor by tensor, and its AdamW has float32 constants.
    fn update(&mut self, gradients: Vec<Tensor<1>>, learning_rate: f64) {
        let squares: f64 = gradients
            .iter()
            .map(|gradient| scalar(gradient.clone().square().sum()))
            .sum();
        let clipped = (CLIP / (squares.sqrt() + 1e-6)).min(1.0);

        self.steps += 1;
        let (beta_1, beta_2) = BETAS;
        let correction_1 = 1.0 - beta_1.powi(self.steps);
        let correction_2 = 1.0 - beta_2.powi(self.steps);
        let update = |trained: Trained, gradient: Tensor<1>| {
            let gradient = gradient * clipped;
            let mean = trained.mean * beta_1 + gradient.clone() * (1.0 - beta_1);
            let square = trained.square * beta_2 + gradient.square() * (1.0 - beta_2);
            let deviation = square.clone().sqrt() / correction_2.sqrt() + 1e-8;
            let change = mean.clone() / deviation * (learning_rate / correction_1);
            // Parameters with two dimensions decay.
            let two = trained.parameter.shape.len() == 2;
            let decay = if two { WEIGHT_DECAY } else { 0.0 };
            Trained {
                parameter: trained.parameter,
                value: trained.value * (1.0 - learning_rate * decay) - change,
                mean,
                square,
            }
        };
        // Each tensor is given away, so that burn can compute in its place.
        let before = take(&mut self.trained).into_iter().zip(gradients);
        self.trained = before
            .map(|(trained, gradient)| update(trained, gradient))
            .collect();
    }
}

impl Gpt for BurnGpt {
    const DTYPES: &'static [Dtype] = &[Dtype::Float32, Dtype::Float64, Dtype::Bfloat16];

    fn new(setup: &Setup, weights: Weights) -> Result<Self> {
        let (compute, dtype) = match setup.dtype {
            Dtype::Float32 => (DType::F32, DType::F32),
            Dtype::Float64 => (DType::F64, DType::F64),
            Dtype::Bfloat16 => (DType::BF16, DType::F32),
        };
        let device = Device::flex();
        let trained = weights.0.into_iter().map(|(parameter, values)| {
            let data = TensorData::new(values, [parameter.count()]);
            let value = Tensor::from_data(data, (&device, dtype));
            Trained {
                parameter,
                mean: value.zeros_like(),
                square: value.zeros_like(),
                value,
            }
        });
        let trained = trained.collect();

        let context = setup.config.context;
        let ahead = (0..context * context).map(|at| {
            let (row, column) = (at / context, at % context);
            if column > row { f64::NEG_INFINITY } else { 0.0 }
        });
        let ahead = TensorData::new(ahead.collect(), [context, context]);
        Ok(Self {
            config: setup.config,
            compute,
            future: Tensor::from_data(ahead, (&device, dtype)),
            trained,
            steps: 0,
        })
    }

    fn step(&mut self, batch: &Batch, learning_rate: f64) -> Result<f64> {
        let tracked: Vec<Tensor<1>> = self
            .trained
            .iter()
            .map(|trained| trained.value.clone().autodiff().require_grad())
            .collect();
        let model = Model::new(&self.config, &tracked)?;
        let loss = model.forward(batch, &self.future, self.compute);
        let mut all = loss.backward();
        let gradients = tracked
            .iter()
            .map(|parameter| {
                parameter
                    .grad_remove(&mut all)
                    .ok_or("a gradient is missing")
            })
            .collect::<Result<_, _>>()?;
        drop((model, tracked));
        self.update(gradients, learning_rate);
        Ok(scalar(loss.without_autodiff()))
    }

    fn loss(&self, batch: &Batch) -> Result<f64> {
        let values: Vec<_> = self
            .trained
            .iter()
            .map(|trained| trained.value.clone())
            .collect();
        let model = Model::new(&self.config, &values)?;
        Ok(scalar(model.forward(
            batch,
            &self.future,
            self.future.dtype(),
        )))
    }

    fn weights(&self) -> Result<Weights> {
        let values = self.trained.iter().map(|trained| {
            let data = trained.value.clone().into_data_as::<f64>();
            let values = data.try_into_vec::<f64>();
            let values = values.map_err(|error| format!("{error:?}"))?;
            Ok((trained.parameter.clone(), values))
        });
        Ok(Weights(values.collect::<Result<_>>()?))
    }
}

/// (B, T, C) times the transpose of a weight (D, C): (B, T, D), of the type `compute`.
fn linear(x: Tensor<3>, weight: &Tensor<2>, compute: DType) -> Tensor<3> {
    let [batch, length, width] = x.dims();
    let rows = x.cast(compute).reshape([batch * length, width]);
    let product = rows.matmul(weight.clone().cast(compute).transpose());
    product.reshape([batch, length, weight.dims()[0]])
}

fn ids(ids: &[u32], device: &Device) -> Tensor<1, Int> {
    let ids: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
    let count = ids.len();
    Tensor::from_data(TensorData::new(ids, [count]), device)
}

fn scalar(tensor: Tensor<1>) -> f64 {
    tensor.cast(DType::F64).into_scalar()
}
