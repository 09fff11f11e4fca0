//! The protocol, spoken with an arm whose losses tell what it was given.

use std::io::Cursor;

use super::*;
use crate::config::CONFIGS;
use crate::data::Batch;
use crate::weights::Parameter;

/// An arm whose loss is the mean of a batch's targets. Each step adds the learning rate to every
/// weight.
struct Adder(Weights);

impl Gpt for Adder {
    const DTYPES: &'static [Dtype] = &[Dtype::Float64];

    fn new(_: &Setup, weights: Weights) -> Result<Self> {
        Ok(Self(weights))
    }

    fn step(&mut self, batch: &Batch, learning_rate: f64) -> Result<f64> {
        for value in self.0.0.iter_mut().flat_map(|(_, values)| values) {
            *value += learning_rate;
        }
        self.loss(batch)
    }

    fn loss(&self, batch: &Batch) -> Result<f64> {
        let sum: u32 = batch.targets.iter().sum();
        Ok(f64::from(sum) / batch.targets.len() as f64)
    }

    fn weights(&self) -> Result<Weights> {
        Ok(self.0.clone())
    }
}

const STEPS: usize = 5;

/// Shards of the ids 0, 1, 2 ... 99, 0, 1 ... in a folder, and the arm that reads them.
fn arm(folder: &Path) -> Result<Arm<Adder>> {
    let ids = |count: usize| (0..100_u16).cycle().take(count).flat_map(u16::to_le_bytes);
    std::fs::write(folder.join("train.bin"), ids(1000).collect::<Vec<_>>())?;
    std::fs::write(folder.join("val.bin"), ids(100).collect::<Vec<_>>())?;
    let (config, recipe) = CONFIGS[0];
    let options = Options {
        config,
        recipe,
        dtype: Dtype::Float64,
        threads: 1,
        steps: STEPS,
        source: Source::Shards {
            folder: folder.to_owned(),
            vocabulary: 100,
        },
        start: Start::Seed(1),
    };
    Arm::start(&options, &mut Map::new())
}

/// The answers to some lines, and the error that ended them.
fn ask(lines: &str) -> (Vec<Value>, Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut arm = arm(folder.path()).unwrap();
    let mut output = Vec::new();
    let lines = lines.replace("FOLDER", folder.path().to_str().unwrap());
    let result = arm.answer_lines(Cursor::new(lines), &mut output);
    let text = String::from_utf8(output).unwrap();
    let answers = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (answers, result.err().map(|error| error.to_string()))
}

#[test]
fn steps_are_counted_and_each_has_a_loss() {
    let (answers, error) = ask("steps 2\nsteps 3\nquit\nsteps 1\n");
    assert_eq!(error, None);
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0]["steps"], 2);
    assert_eq!(answers[1]["steps"], 5);
    assert_eq!(answers[1]["losses"].as_array().unwrap().len(), 3);
    assert!(answers[0]["wall"].as_f64() > Some(0.0));
    assert!(answers[0]["cpu"].as_f64() > Some(0.0));
}

#[test]
fn the_whole_validation_split_is_evaluated() {
    let (answers, _) = ask("evaluate\n");
    assert_eq!(answers[0]["characters"], 99);
    assert_eq!(answers[0]["val_loss"], 50.0); // the mean of 1 to 99
}

#[test]
fn weights_are_written_after_the_steps_taken_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut arm = arm(folder.path()).unwrap();
    let file = folder.path().join("after");
    let lines = format!("steps 2\nweights {}\n", file.display());
    arm.answer_lines(Cursor::new(lines), &mut Vec::new())
        .unwrap();
    let parameters = parameters(&arm.config, 100);
    let read = Weights::read(&file, &parameters).unwrap();
    assert_eq!(read, arm.model.0);
    let (recipe, last) = (arm.recipe, &read.0.last().unwrap().1);
    let changed = recipe.learning_rate_at(0, STEPS) + recipe.learning_rate_at(1, STEPS);
    assert!((last[0] - 1.0 - changed).abs() < 1e-12);

    read.write(&file, false).unwrap();
    let single = Weights::read(&file, &parameters).unwrap();
    #[allow(clippy::cast_possible_truncation)] // which rounds, as the file does
    let rounded = f64::from(read.0[0].1[0] as f32);
    assert_eq!(single.0[0].1[0].to_bits(), rounded.to_bits());

    let other: Vec<Parameter> = crate::weights::parameters(&arm.config, 99);
    let complaint = Weights::read(&file, &other).unwrap_err().to_string();
    assert!(
        complaint.ends_with("\"token_embedding.weight\" has the shape [100, 64], not [99, 64]")
    );
    let complaint = Weights::read(&file, &parameters[1..])
        .unwrap_err()
        .to_string();
    assert!(complaint.ends_with("the model has no parameter \"token_embedding.weight\""));
}

#[test]
fn each_line_that_cannot_be_answered_is_named() {
    for (lines, complaint) in [
        ("steps 6", "of the run's 5 steps 5 are left, not 6"),
        ("steps many", "steps takes a whole number, not \"many\""),
        (
            "stop",
            "cannot understand the line \"stop\"; there are: steps N",
        ),
        (
            "evaluate now",
            "cannot understand the line \"evaluate now\"",
        ),
        ("weights FOLDER/none/w", "cannot write"),
    ] {
        let (answers, error) = ask(lines);
        assert_eq!(answers, Vec::<Value>::new());
        assert!(error.as_ref().unwrap().starts_with(complaint), "{error:?}");
    }
}

#[test]
fn wrong_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let complaint = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        read_starts(&path, 10, 2).unwrap_err().to_string()
    };
    assert!(complaint(&[0; 7]).ends_with("it has 7 bytes, and the run needs 2 numbers of 4 bytes"));
    assert!(complaint(&[0, 0, 0, 0, 10, 0, 0, 0]).contains("no sequence can start at 10"));
    let complaint = Weights::read(&path, &[]).unwrap_err().to_string();
    assert!(complaint.contains("it is no safetensors file"));

    std::fs::write(folder.path().join("train.bin"), [0, 0, 7, 0]).unwrap();
    let Err(error) = Corpus::read(folder.path(), 7) else {
        panic!("an id outside the vocabulary was taken");
    };
    let complaint = "it holds the id 7, and a vocabulary of 7 ends at 6";
    assert!(error.to_string().ends_with(complaint));
}

#[test]
fn a_text_gives_the_ids_of_its_sorted_characters() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text");
    std::fs::write(&path, "éaéb 日éaab".repeat(3)).unwrap();
    let corpus = Corpus::prepare(&path).unwrap();
    assert_eq!(corpus.vocabulary, 5);
    assert_eq!(corpus.train[..10], [3, 1, 3, 2, 0, 4, 3, 1, 1, 2]);
    assert_eq!((corpus.train.len(), corpus.val.len()), (27, 3));
    let complaint = corpus.windows(27).unwrap_err().to_string();
    assert!(complaint.contains("27 characters train and 3 validate"));

    std::fs::write(&path, b"abc\xff").unwrap();
    let Err(error) = Corpus::prepare(&path) else {
        panic!("a text that is not UTF-8 was taken");
    };
    assert!(error.to_string().ends_with("byte 3 is not UTF-8"));
}
