//! The GPT of `model/gpt.py` on libtorch, with its loss and its optimizer. Read from top to bottom.
//!
//! B is the number of sequences in a batch, T their length, C the width of the model, H its heads,
//! V the size of the vocabulary. It calls what nanoGPT calls from Python: torch's fused attention,
//! and AdamW as small operations one after another. tch has neither the fused AdamW nor
//! `torch.compile`.

use common::{
    BETAS, Batch, CLIP, Draws, Dtype, Gpt, Parameter, Result, Setup, WEIGHT_DECAY, Weights,
};
use tch::nn::{AdamW, Optimizer, OptimizerConfig, VarStore};
use tch::{Device, Kind, Reduction, Tensor};

/// Causal self-attention, all heads at once: (B, T, C) to (B, T, C).
struct Attention {
    heads: i64,
    query_key_value: Tensor,
    projection: Tensor,
}

impl Attention {
    fn forward(&self, x: &Tensor, compute: Kind) -> Result<Tensor> {
        let (batch, length, width) = x.size3()?;
        let all = linear(x, &self.query_key_value, compute);
        let part = |index: i64| {
            let part = all.narrow(2, index * width, width);
            let heads = part.view([batch, length, self.heads, width / self.heads]);
            heads.transpose(1, 2) // (B, H, T, C / H)
        };
        let mixed = Tensor::scaled_dot_product_attention(
            &part(0),
            &part(1),
            &part(2),
            None::<Tensor>,
            0.0,
            true,
            None,
            false,
        );
        let joined = mixed.transpose(1, 2).reshape([batch, length, width]);
        Ok(linear(&joined, &self.projection, compute))
    }
}

/// Attention between characters, then a network on each of them: (B, T, C) to (B, T, C).
struct Block {
    norm_1: Tensor,
    attention: Attention,
    norm_2: Tensor,
    expand: Tensor,
    contract: Tensor,
}

impl Block {
    fn forward(&self, x: &Tensor, compute: Kind) -> Result<Tensor> {
        let x = x + self
            .attention
            .forward(&layer_norm(x, &self.norm_1), compute)?;
        let hidden = linear(&layer_norm(&x, &self.norm_2), &self.expand, compute).gelu("none");
        Ok(x + linear(&hidden, &self.contract, compute))
    }
}

/// The model and its optimizer.
pub struct TchGpt {
    token_embedding: Tensor,
    position_embedding: Tensor,
    blocks: Vec<Block>,
    norm: Tensor,
    /// The type of the matrix multiplications while training. All else is of the parameters' type.
    compute: Kind,
    /// The same variables as above, in the order of `common::parameters`.
    trained: Vec<(Parameter, Tensor)>,
    optimizer: Optimizer,
}

impl TchGpt {
    /// Returns the mean cross-entropy of a batch, a scalar in nats.
    fn forward(&self, batch: &Batch, compute: Kind) -> Result<Tensor> {
        let shape = [as_i64(batch.sequences())?, as_i64(batch.length)?];
        let inputs = ids(&batch.inputs).view(shape);
        let positions = self.position_embedding.narrow(0, 0, shape[1]);
        let mut x = Tensor::embedding(&self.token_embedding, &inputs, -1, false, false) + positions;
        for block in &self.blocks {
            x = block.forward(&x, compute)?;
        }
        // The output layer shares the token embedding's weights.
        let logits = linear(&layer_norm(&x, &self.norm), &self.token_embedding, compute);
        let logits = logits.to_kind(x.kind()).flatten(0, 1); // (B T, V)
        // tch's `cross_entropy_for_logits` computes in float32, whatever the type of the logits.
        let targets = ids(&batch.targets);
        Ok(logits.cross_entropy_loss(&targets, None::<Tensor>, Reduction::Mean, -100, 0.0))
    }
}

/// Parameters with two dimensions decay, which are in the first group of the optimizer.
const NOT_DECAYING: usize = 1;

impl Gpt for TchGpt {
    const DTYPES: &'static [Dtype] = &[Dtype::Float32, Dtype::Float64, Dtype::Bfloat16];

    fn use_threads(threads: usize) {
        tch::set_num_threads(threads.try_into().unwrap_or(i32::MAX));
    }

    /// Asks torch's generator in the order of the Python model, which gives the same numbers.
    fn draw(parameters: &[Parameter], windows: usize, count: usize, seed: u64) -> Result<Draws> {
        tch::manual_seed(seed.cast_signed());
        let weights = parameters.iter().map(|parameter| {
            let mut value = Tensor::ones([as_i64(parameter.count())?], FLOAT);
            if let Some(scale) = parameter.scale {
                let _ = value.normal_(0.0, scale);
            }
            Ok((
                parameter.clone(),
                Vec::try_from(value.to_kind(Kind::Double))?,
            ))
        });
        let weights = Weights(weights.collect::<Result<_>>()?);
        let options = (Kind::Int64, Device::Cpu);
        let starts = Tensor::randint(as_i64(windows)?, [as_i64(count)?], options);
        let starts: Vec<i64> = starts.try_into()?;
        let starts = starts
            .into_iter()
            .map(u32::try_from)
            .collect::<Result<_, _>>()?;
        Ok((weights, starts))
    }

    fn new(setup: &Setup, weights: Weights) -> Result<Self> {
        let (compute, kind) = match setup.dtype {
            Dtype::Float32 => (Kind::Float, Kind::Float),
            Dtype::Float64 => (Kind::Double, Kind::Double),
            Dtype::Bfloat16 => (Kind::BFloat16, Kind::Float),
        };
        let store = VarStore::new(Device::Cpu);
        let trained = weights
            .0
            .into_iter()
            .map(|(parameter, values)| {
                let shape = parameter.shape.iter().map(|size| as_i64(*size));
                let shape = shape.collect::<Result<Vec<_>>>()?;
                let value = Tensor::from_slice(&values)
                    .to_kind(kind)
                    .view(shape.as_slice());
                let group = if shape.len() == 2 { 0 } else { NOT_DECAYING };
                let name = parameter.name.replace('.', "_"); // tch allows no dot in a name
                let variable = store.root().set_group(group).add(&name, value, true);
                Ok((parameter, variable))
            })
            .collect::<Result<Vec<_>>>()?;
        let adamw = AdamW {
            beta1: BETAS.0,
            beta2: BETAS.1,
            wd: WEIGHT_DECAY,
            eps: 1e-8,
            amsgrad: false,
        };
        let mut optimizer = adamw.build(&store, 0.0)?; // each step sets the learning rate
        optimizer.set_weight_decay_group(NOT_DECAYING, 0.0);

        // In the order of `common::parameters`.
        let mut variables = trained.iter().map(|(_, variable)| variable.shallow_clone());
        let mut next = || variables.next().ok_or("the model has too few parameters");
        let (token_embedding, position_embedding) = (next()?, next()?);
        let blocks = (0..setup.config.layers)
            .map(|_| {
                Ok(Block {
                    norm_1: next()?,
                    attention: Attention {
                        heads: as_i64(setup.config.heads)?,
                        query_key_value: next()?,
                        projection: next()?,
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
            optimizer,
        })
    }

    fn step(&mut self, batch: &Batch, learning_rate: f64) -> Result<f64> {
        let loss = self.forward(batch, self.compute)?;
        self.optimizer.set_lr(learning_rate);
        // Sets the gradients to zero, computes them, clips them together and changes the weights.
        self.optimizer.backward_step_clip_norm(&loss, CLIP);
        Ok(loss.try_into()?)
    }

    fn loss(&self, batch: &Batch) -> Result<f64> {
        let loss = tch::no_grad(|| self.forward(batch, self.token_embedding.kind()))?;
        Ok(loss.try_into()?)
    }

    fn weights(&self) -> Result<Weights> {
        let values = self.trained.iter().map(|(parameter, variable)| {
            let flat = variable.detach().to_kind(Kind::Double).flatten(0, -1);
            Ok((parameter.clone(), Vec::try_from(flat)?))
        });
        Ok(Weights(values.collect::<Result<_>>()?))
    }
}

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

/// (B, T, C) times the transpose of a weight (D, C): (B, T, D), of the type `compute`.
fn linear(x: &Tensor, weight: &Tensor, compute: Kind) -> Tensor {
    x.to_kind(compute)
        .linear(&weight.to_kind(compute), None::<Tensor>)
}

fn layer_norm(x: &Tensor, weight: &Tensor) -> Tensor {
    x.layer_norm(weight.size(), Some(weight), None, 1e-5, false)
}

fn ids(ids: &[u32]) -> Tensor {
    let ids: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
    Tensor::from_slice(&ids)
}

/// libtorch counts in signed numbers.
fn as_i64(number: usize) -> Result<i64> {
    Ok(number.try_into()?)
}
