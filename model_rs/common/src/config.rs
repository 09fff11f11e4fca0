//! The shapes of the model and what it is trained by: `CONFIGS` and `RECIPES` of the Python model.

use std::f64::consts::PI;

/// The shape of a model. No arm has dropout, which every library draws in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    pub name: &'static str,
    /// Number of blocks.
    pub layers: usize,
    /// Number of attention heads in each block; it divides `width`.
    pub heads: usize,
    /// Width of the residual stream, C.
    pub width: usize,
    /// Largest number of characters that the model sees, T.
    pub context: usize,
}

/// AdamW's decay rates of the means of gradients and of their squares.
pub const BETAS: (f64, f64) = (0.9, 0.99);
/// Weight decay, at a learning rate of 1, of the parameters that have two dimensions.
pub const WEIGHT_DECAY: f64 = 0.1;
/// Largest norm that all gradients together may have.
pub const CLIP: f64 = 1.0;

/// The amount of data and nanoGPT's schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Number of sequences in a batch, B.
    pub batch: usize,
    /// Learning rate after `warmup` steps. From there it falls as a cosine.
    pub learning_rate: f64,
    /// Learning rate at the last step.
    pub least_learning_rate: f64,
    /// Number of steps in which the learning rate rises in a straight line.
    pub warmup: usize,
}

/// Every config with the recipe of its name.
pub const CONFIGS: [(Config, Recipe); 2] = [
    (
        Config {
            name: "quick",
            layers: 2,
            heads: 2,
            width: 64,
            context: 32,
        },
        Recipe {
            batch: 16,
            learning_rate: 3e-3,
            least_learning_rate: 3e-4,
            warmup: 20,
        },
    ),
    (
        Config {
            name: "full",
            layers: 4,
            heads: 4,
            width: 128,
            context: 64,
        },
        Recipe {
            batch: 12,
            learning_rate: 1e-3,
            least_learning_rate: 1e-4,
            warmup: 100,
        },
    ),
];

impl Recipe {
    /// Returns the learning rate of a step, the first being step 0, in a run of `steps` steps.
    ///
    /// It is written in the order of the Python model, so that the numbers are the same to the bit.
    #[allow(clippy::manual_midpoint)]
    pub fn learning_rate_at(&self, step: usize, steps: usize) -> f64 {
        if step < self.warmup {
            return self.learning_rate * (step + 1) as f64 / (self.warmup + 1) as f64;
        }
        let falling = steps.saturating_sub(self.warmup).max(1);
        let done = (step - self.warmup) as f64 / falling as f64;
        let fraction = (1.0 + (PI * done.min(1.0)).cos()) / 2.0;
        self.least_learning_rate + fraction * (self.learning_rate - self.least_learning_rate)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[allow(clippy::unreadable_literal)] // as Python prints them
    fn learning_rates_are_those_of_the_python_model_to_the_bit() {
        // Recipe.learning_rate_at of model/options.py
        for (config, step, steps, expected) in [
            (0, 0, 250, 0.00014285714285714287),
            (0, 7, 250, 0.001142857142857143),
            (0, 19, 250, 0.002857142857142857),
            (0, 20, 250, 0.003),
            (0, 57, 250, 0.0028312329193115465),
            (0, 99, 250, 0.002287401764989285),
            (0, 0, 100, 0.00014285714285714287),
            (0, 7, 100, 0.001142857142857143),
            (0, 19, 100, 0.002857142857142857),
            (0, 20, 100, 0.003),
            (0, 57, 100, 0.001808675486568081),
            (0, 99, 100, 0.00030104080107502405),
            (1, 0, 2000, 9.900990099009901e-06),
            (1, 7, 2000, 7.920792079207921e-05),
            (1, 19, 2000, 0.00019801980198019803),
            (1, 20, 2000, 0.00020792079207920794),
            (1, 57, 2000, 0.0005742574257425743),
            (1, 99, 2000, 0.0009900990099009901),
            (1, 0, 100, 9.900990099009901e-06),
            (1, 7, 100, 7.920792079207921e-05),
            (1, 19, 100, 0.00019801980198019803),
            (1, 20, 100, 0.00020792079207920794),
            (1, 57, 100, 0.0005742574257425743),
            (1, 99, 100, 0.0009900990099009901),
        ] {
            let rate: f64 = CONFIGS[config].1.learning_rate_at(step, steps);
            assert_eq!(
                rate.to_bits(),
                f64::to_bits(expected),
                "step {step} of {steps}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_rate_rises_then_falls_and_stays_between_its_bounds(
            config in 0..CONFIGS.len(),
            steps in 1usize..5000,
            step in 0usize..6000,
        ) {
            let recipe = CONFIGS[config].1;
            let (now, next) = (step, step + 1);
            let rates = [now, next].map(|step| recipe.learning_rate_at(step, steps));
            if next <= recipe.warmup {
                prop_assert!(rates[0] < rates[1]);
            } else {
                prop_assert!(rates[0] >= rates[1]);
                prop_assert!(rates[1] >= recipe.least_learning_rate);
            }
            prop_assert!(rates[0] > 0.0 && rates[0] <= recipe.learning_rate);
        }
    }
}
