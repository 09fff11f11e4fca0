//! The loss over the split that validates, as `evaluate` of the Python model computes it.

use crate::Gpt;
use crate::data::Batch;
use crate::error::Result;

const WINDOWS_AT_ONCE: usize = 256;

/// Returns the mean loss of predicting every id but the first, in nats, and their number.
///
/// The ids are cut into windows as long as the context, side by side; the last one may be shorter.
pub fn evaluate(model: &impl Gpt, ids: &[u16], context: usize) -> Result<(f64, usize)> {
    let characters = ids.len() - 1;
    let mut total = 0.0;
    for batch in batches(ids, context) {
        total += model.loss(&batch)? * batch.targets.len() as f64;
    }
    Ok((total / characters as f64, characters))
}

fn batches(ids: &[u16], context: usize) -> impl Iterator<Item = Batch> {
    let whole = (ids.len() - 1) / context;
    let starts: Vec<usize> = (0..whole).map(|window| window * context).collect();
    let rest = &ids[whole * context..];
    let last = (rest.len() > 1).then(|| {
        let mut batch = Batch::empty(rest.len() - 1);
        batch.add(rest);
        batch
    });
    let many = (0..starts.len())
        .step_by(WINDOWS_AT_ONCE)
        .map(move |first| {
            let mut batch = Batch::empty(context);
            for &start in starts[first..].iter().take(WINDOWS_AT_ONCE) {
                batch.add(&ids[start..][..=context]);
            }
            batch
        });
    many.chain(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_id_but_the_first_is_predicted_once(
            ids in prop::collection::vec(0u16..90, 2..3000),
            context in 1usize..70,
        ) {
            let mut targets = Vec::new();
            for batch in batches(&ids, context) {
                prop_assert!(batch.sequences() <= WINDOWS_AT_ONCE);
                prop_assert_eq!(batch.inputs.len(), batch.targets.len());
                for (input, target) in batch.inputs.iter().zip(&batch.targets) {
                    prop_assert_eq!(*input, u32::from(ids[targets.len()]));
                    targets.push(*target);
                }
            }
            let expected: Vec<u32> = ids[1..].iter().map(|id| u32::from(*id)).collect();
            prop_assert_eq!(targets, expected);
        }
    }
}
