//! The GPT of `model/gpt.py` on candle, with its loss and its optimizer. Read from top to bottom.
//!
//! B is the number of sequences in a batch, T their length, C the width of the model, H its heads,
//! V the size of the vocabulary.

use candle_core::backprop::GradStore;
use candle_core::{D, DType, Device, Tensor, Var};
use common::{BETAS, Batch, CLIP, Dtype, Gpt, Parameter, Result, Setup, WEIGHT_DECAY, Weights};

/// Causal self-attention, all heads at once: (B, T, C) to (B, T, C).
struct Attention {
    heads: usize,
    query_key_value: Var,
    projection: Var,
    /// (T, T), 0 up to the diagonal and minus infinity to its right.
    future: Tensor,
}

impl Attention {
    fn forward(&self, x: &Tensor, compute: DType) -> Result<Tensor> {
        let (batch, length, width) = x.dims3()?;
        let size = width / self.heads;
        let all = linear(x, &self.query_key_value, compute)?;
        let part = |index: usize| -> Result<Tensor> {
            let part = all.narrow(2, index * width, width)?;
            let heads = part.reshape((batch, length, self.heads, size))?;
            Ok(heads.transpose(1, 2)?.contiguous()?) // (B, H, T, C / H)
        };
        let (query, key, value) = (part(0)?, part(1)?, part(2)?);
        let scale = (size as f64).sqrt().recip();
        let affinity = (query.matmul(&key.t()?)? * scale)?; // (B, H, T, T)
        let future = self.future.narrow(0, 0, length)?.narrow(1, 0, length)?;
        let affinity = affinity.to_dtype(future.dtype())?.broadcast_add(&future)?;
        let mixed = softmax(&affinity)?.to_dtype(compute)?.matmul(&value)?;
        let joined = mixed.transpose(1, 2)?.reshape((batch, length, width))?;
        linear(&joined, &self.projection, compute)
    }
}

/// Attention between characters, then a network on each of them: (B, T, C) to (B, T, C).
struct Block {
    norm_1: Var,
    attention: Attention,
    norm_2: Var,
    expand: Var,
    contract: Var,
}

impl Block {
    fn forward(&self, x: &Tensor, compute: DType) -> Result<Tensor> {
        let attended = self
            .attention
            .forward(&layer_norm(x, &self.norm_1)?, compute)?;
        let x = (x + attended.to_dtype(x.dtype())?)?;
        let hidden = gelu(&linear(
            &layer_norm(&x, &self.norm_2)?,
            &self.expand,
            compute,
        )?)?;
        let added = linear(&hidden, &self.contract, compute)?;
        Ok((&x + added.to_dtype(x.dtype())?)?)
    }
}

/// The model and what AdamW keeps for each of its parameters.
pub struct CandleGpt {
    token_embedding: Var,
    position_embedding: Var,
    blocks: Vec<Block>,
    norm: Var,
    /// The type of the matrix multiplications while training. All else is of the parameters' type.
    compute: DType,
    /// The same variables as above, each with the running means of its gradient and of the
    /// gradient's square, in the order of `common::parameters`.
    trained: Vec<(Parameter, Var, Tensor, Tensor)>,
    steps: i32,
}

impl CandleGpt {
    /// Returns the mean cross-entropy of a batch, a scalar in nats.
    fn forward(&self, batch: &Batch, compute: DType) -> Result<Tensor> {
        let shape = (batch.sequences(), batch.length);
        let inputs = Tensor::from_slice(&batch.inputs, batch.inputs.len(), &Device::Cpu)?;
        let targets = Tensor::from_slice(&batch.targets, batch.targets.len(), &Device::Cpu)?;

        let width = self.token_embedding.dim(1)?;
        let tokens = self.token_embedding.index_select(&inputs, 0)?;
        let positions = self.position_embedding.narrow(0, 0, batch.length)?;
        let mut x = tokens
            .reshape((shape.0, shape.1, width))?
            .broadcast_add(&positions)?;
        for block in &self.blocks {
            x = block.forward(&x, compute)?;
        }
        // The output layer shares the token embedding's weights.
        let logits = linear(&layer_norm(&x, &self.norm)?, &self.token_embedding, compute)?;
        let logits = logits.to_dtype(x.dtype())?.flatten(0, 1)?; // (B T, V)
        cross_entropy(&logits, &targets)
    }

    /// Clips all gradients together, then changes each parameter by AdamW.
    fn update(&mut self, gradients: &GradStore, learning_rate: f64) -> Result<()> {
        let gradients: Vec<&Tensor> = self
            .trained
            .iter()
            .map(|(parameter, variable, ..)| {
                let missing = || format!("{} has no gradient", parameter.name);
                gradients.get(variable).ok_or_else(missing)
            })
            .collect::<Result<_, _>>()?;
        let mut squares = 0.0;
        for gradient in &gradients {
            let sum = gradient.sqr()?.sum_all()?.to_dtype(DType::F64)?;
            squares += sum.to_scalar::<f64>()?;
        }
        let clipped = (CLIP / (squares.sqrt() + 1e-6)).min(1.0);

        self.steps += 1;
        let (beta_1, beta_2) = BETAS;
        let correction_1 = 1.0 - beta_1.powi(self.steps);
        let correction_2 = 1.0 - beta_2.powi(self.steps);
        for ((parameter, variable, mean, square), gradient) in
            self.trained.iter_mut().zip(gradients)
        {
            let gradient = (gradient * clipped)?;
            *mean = ((&*mean * beta_1)? + (&gradient * (1.0 - beta_1))?)?;
            *square = ((&*square * beta_2)? + (gradient.sqr()? * (1.0 - beta_2))?)?;
            let deviation = ((square.sqrt()? / correction_2.sqrt())? + 1e-8)?;
            let change = ((&*mean / deviation)? * (learning_rate / correction_1))?;
            // Parameters with two dimensions decay.
            let decay = if parameter.shape.len() == 2 {
                WEIGHT_DECAY
            } else {
                0.0
            };
            let value = variable.as_detached_tensor();
            variable.set(&((value * (1.0 - learning_rate * decay))? - change)?)?;
        }
        Ok(())
    }
}

impl Gpt for CandleGpt {
    const DTYPES: &'static [Dtype] = &[Dtype::Float32, Dtype::Float64, Dtype::Bfloat16];

    fn new(setup: &Setup, weights: Weights) -> Result<Self> {
        let (compute, dtype) = match setup.dtype {
            Dtype::Float32 => (DType::F32, DType::F32),
            Dtype::Float64 => (DType::F64, DType::F64),
            Dtype::Bfloat16 => (DType::BF16, DType::F32),
        };
        let trained = weights
            .0
            .into_iter()
            .map(|(parameter, values)| {
                let shape = parameter.shape.as_slice();
                let value = Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype)?;
                let zeros = value.zeros_like()?;
                Ok((parameter, Var::from_tensor(&value)?, zeros.clone(), zeros))
            })
            .collect::<Result<Vec<_>>>()?;

        let context = setup.config.context;
        let ahead = (0..context * context).map(|at| {
            let (row, column) = (at / context, at % context);
            if column > row { f64::NEG_INFINITY } else { 0.0 }
        });
        let future = Tensor::from_iter(ahead, &Device::Cpu)?;
        let future = future.reshape((context, context))?.to_dtype(dtype)?;

        // In the order of `common::parameters`.
        let mut variables = trained.iter().map(|(_, variable, ..)| variable.clone());
        let mut next = || variables.next().ok_or("the model has too few parameters");
        let (token_embedding, position_embedding) = (next()?, next()?);
        let blocks = (0..setup.config.layers)
            .map(|_| {
                Ok(Block {
                    norm_1: next()?,
                    attention: Attention {
                        heads: setup.config.heads,
                        query_key_value: next()?,
                        projection: next()?,
                        future: future.clone(),
                    },
                    norm_2: next()?,
                    expand: next()?,
                    contract: next()?,
                })
            })
            .collect::<Result<_>>()?;
        let norm = next()?;
        Ok(Self {
            token_embedding,
            position_embedding,
            blocks,
            norm,
            compute,
            trained,
            steps: 0,
        })
    }

    fn step(&mut self, batch: &Batch, learning_rate: f64) -> Result<f64> {
        let loss = self.forward(batch, self.compute)?;
        let gradients = loss.backward()?;
        self.update(&gradients, learning_rate)?;
        Ok(loss.to_dtype(DType::F64)?.to_scalar()?)
    }

    fn loss(&self, batch: &Batch) -> Result<f64> {
        let loss = self.forward(batch, self.token_embedding.dtype())?;
        Ok(loss.to_dtype(DType::F64)?.to_scalar()?)
    }

    fn weights(&self) -> Result<Weights> {
        let values = self.trained.iter().map(|(parameter, variable, ..)| {
            let values = variable.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?;
            Ok((parameter.clone(), values))
        });
        Ok(Weights(values.collect::<Result<_>>()?))
    }
}

/// (B, T, C) times the transpose of a weight (D, C): (B, T, D), of the type `compute`.
fn linear(x: &Tensor, weight: &Tensor, compute: DType) -> Result<Tensor> {
    let (batch, length, width) = x.dims3()?;
    // As one product of matrices: candle multiplies sequence by sequence otherwise.
    let rows = x.to_dtype(compute)?.reshape((batch * length, width))?;
    let product = rows.matmul(&weight.to_dtype(compute)?.t()?)?;
    Ok(product.reshape((batch, length, weight.dim(0)?))?)
}

/// Normalises each character's activations, as PyTorch's layer without a bias does.
fn layer_norm(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let normal = centred.broadcast_div(&(variance + 1e-5)?.sqrt()?)?;
    Ok(normal.broadcast_mul(weight)?)
}

/// The exact GELU. The gradient of candle's `gelu_erf` has a constant of six digits only.
fn gelu(x: &Tensor) -> Result<Tensor> {
    let below = ((x * std::f64::consts::FRAC_1_SQRT_2)?.erf()? + 1.0)?;
    Ok(((x * 0.5)? * below)?)
}

/// Softmax over the last dimension. Its result does not depend on the maximum, which is constant
/// to the gradient therefore.
fn softmax(x: &Tensor) -> Result<Tensor> {
    let powers = x
        .broadcast_sub(&x.detach().max_keepdim(D::Minus1)?)?
        .exp()?;
    Ok(powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)?)
}

/// The mean of minus the logarithm of the softmax at each target: logits (N, V), targets (N).
fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let shifted = logits.broadcast_sub(&logits.detach().max_keepdim(1)?)?;
    let all = shifted.exp()?.sum_keepdim(1)?.log()?;
    let at_targets = shifted.gather(&targets.unsqueeze(1)?, 1)?;
    Ok((all - at_targets)?.mean_all()?)
}
