//! Where the training sequences start, and initial weights, drawn by a generator of our own.

use std::f64::consts::TAU;
use std::path::Path;

use fastrand::Rng;

use crate::error::{Result, usage};
use crate::weights::{Parameter, Weights};

/// Initial weights, and for each step the start positions of its sequences, one after another.
pub type Draws = (Weights, Vec<u32>);

/// Draws both as the Python model does: the same distributions in the same order, other numbers.
#[allow(clippy::cast_possible_truncation)] // starts are 32-bit numbers in the protocol too
pub fn draw(parameters: &[Parameter], windows: usize, count: usize, seed: u64) -> Draws {
    let mut rng = Rng::with_seed(seed);
    let weights = parameters.iter().map(|parameter| {
        let values = match parameter.scale {
            None => vec![1.0; parameter.count()],
            // Weights start as float32 in every arm, whatever it computes in.
            Some(scale) => (0..parameter.count())
                .map(|_| f64::from((scale * normal(&mut rng)) as f32))
                .collect(),
        };
        (parameter.clone(), values)
    });
    let weights = Weights(weights.collect());
    let starts = (0..count).map(|_| rng.usize(..windows) as u32).collect();
    (weights, starts)
}

/// A number of the standard normal distribution (Box and Muller, 1958).
fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt(); // 1 - u is never 0
    radius * (TAU * rng.f64()).cos()
}

/// Reads the start positions of `count` sequences, each below `windows`.
pub fn read_starts(path: &Path, windows: usize, count: usize) -> Result<Vec<u32>> {
    let fault = |what: String| usage(format!("the starts {}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() || numbers.len() < count {
        return Err(fault(format!(
            "it has {} bytes, and the run needs {count} numbers of 4 bytes",
            bytes.len()
        )));
    }
    let starts: Vec<u32> = numbers[..count]
        .iter()
        .map(|b| u32::from_le_bytes(*b))
        .collect();
    match starts.iter().find(|start| **start as usize >= windows) {
        Some(start) => Err(fault(format!(
            "no sequence can start at {start}: the training split has {windows} places to start"
        ))),
        None => Ok(starts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CONFIGS;
    use crate::weights::parameters;

    #[test]
    fn drawn_weights_have_the_scale_of_their_parameter() {
        let parameters = parameters(&CONFIGS[1].0, 65);
        let (weights, starts) = draw(&parameters, 1000, 5000, 7);
        for (parameter, values) in &weights.0 {
            let mean_square = values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64;
            let expected = parameter.scale.unwrap_or(1.0);
            assert!(
                (mean_square.sqrt() / expected - 1.0).abs() < 0.05,
                "{}",
                parameter.name
            );
        }
        assert!(starts.iter().all(|start| *start < 1000));
        assert!(starts.iter().max() > Some(&990));
        assert_eq!(draw(&parameters, 1000, 5000, 7), (weights, starts));
    }
}
