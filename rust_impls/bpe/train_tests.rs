use proptest::prelude::*;

use crate::bpe::steps;
use crate::bpe_train::{TrainError, naive, pair_places};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn merges_are_those_of_counting_anew(
        text in "[ab]{0,60}|([a-c]{1,5}[ \n'é]){0,40}|.{0,60}",
        size in 256..420_usize,
    ) {
        prop_assert_eq!(pair_places::bpe_train(&text, size), naive::bpe_train(&text, size));
    }
}

#[test]
fn long_runs_are_merged_from_the_left() {
    for length in 0..70 {
        for repeated in ["a", "ab", "aab", "aaab"] {
            let text: String = repeated.chars().cycle().take(length).collect();
            let text = format!("{text} {text}b {text}");
            assert_eq!(
                pair_places::bpe_train(&text, 400),
                naive::bpe_train(&text, 400)
            );
        }
    }
}

#[test]
fn a_size_below_the_number_of_bytes_is_refused() {
    assert_eq!(
        pair_places::bpe_train("abab", 255),
        Err(TrainError::TooSmall(255))
    );
    assert_eq!(
        naive::bpe_train("abab", 255),
        Err(TrainError::TooSmall(255))
    );
    assert_eq!(pair_places::bpe_train("abab", 256), Ok(vec![]));
}

/// One piece that becomes twice as long takes about twice as many steps.
#[test]
fn steps_grow_with_the_length_of_a_piece() {
    for repeated in ["a", "ab", "abracadabra", "的一是不"] {
        let steps = |length: usize| {
            let text: String = repeated.chars().cycle().take(length).collect();
            steps::of(|| assert!(pair_places::bpe_train(&text, 300).is_ok()))
        };
        let (one, two, four) = (steps(10_000), steps(20_000), steps(40_000));
        assert!(
            two * 10 <= one * 22 && four * 10 <= two * 22,
            "{repeated}: {one} {two} {four}"
        );
    }
}
