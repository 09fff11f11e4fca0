//! The options that an arm is started with.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::config::{CONFIGS, Config, Recipe};
use crate::error::{Result, usage};

/// The type of the arithmetic. With bfloat16 it is mixed precision: parameters stay float32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    Float32,
    Float64,
    Bfloat16,
}

impl Dtype {
    const ALL: [Self; 3] = [Self::Float32, Self::Float64, Self::Bfloat16];

    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Bfloat16 => "bfloat16",
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Where the ids come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder with `train.bin` and `val.bin`, and the number of distinct characters.
    Shards { folder: PathBuf, vocabulary: usize },
    /// A text in UTF-8, which the arm prepares itself.
    Text(PathBuf),
}

/// Where the initial weights and the start positions of the sequences come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    Files {
        weights: PathBuf,
        starts: PathBuf,
    },
    /// The arm draws both itself.
    Seed(u64),
}

/// Everything that a run is started with.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub config: Config,
    pub recipe: Recipe,
    pub dtype: Dtype,
    pub threads: usize,
    /// Number of steps of the whole run, by which the learning rate falls.
    pub steps: usize,
    pub source: Source,
    pub start: Start,
}

const NAMES: [&str; 10] = [
    "--config",
    "--dtype",
    "--threads",
    "--steps",
    "--data",
    "--vocabulary",
    "--text",
    "--weights",
    "--starts",
    "--seed",
];

impl Options {
    /// Reads the options from the words of a command line, without the program's name.
    pub fn parse(words: &[String]) -> Result<Self> {
        let mut given: [Option<&str>; NAMES.len()] = [None; NAMES.len()];
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, words.next()),
            };
            let place = NAMES.iter().position(|known| *known == name);
            let place = place.ok_or_else(|| {
                let names = NAMES.join(", ");
                usage(format!("no option {name:?}; there are: {names}"))
            })?;
            let value = value.ok_or_else(|| usage(format!("{name} has no value")))?;
            if given[place].replace(value).is_some() {
                return Err(usage(format!("{name} is given twice")));
            }
        }
        let [
            config,
            dtype,
            threads,
            steps,
            data,
            vocabulary,
            text,
            weights,
            starts,
            seed,
        ] = given;
        let (config, recipe) = config_of(required("--config", config)?)?;
        Ok(Self {
            config,
            recipe,
            dtype: dtype_of(required("--dtype", dtype)?)?,
            threads: at_least_one("--threads", required("--threads", threads)?)?,
            steps: at_least_one("--steps", required("--steps", steps)?)?,
            source: source_of(data, vocabulary, text)?,
            start: start_of(weights, starts, seed)?,
        })
    }
}

fn required<'a>(name: &str, value: Option<&'a str>) -> Result<&'a str> {
    value.ok_or_else(|| usage(format!("the option {name} is missing")))
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T> {
    value
        .parse()
        .map_err(|_| usage(format!("{name} takes a whole number, not {value:?}")))
}

fn at_least_one(name: &str, value: &str) -> Result<usize> {
    match number(name, value)? {
        0 => Err(usage(format!("{name} is at least 1"))),
        number => Ok(number),
    }
}

fn config_of(name: &str) -> Result<(Config, Recipe)> {
    let found = CONFIGS.iter().find(|(config, _)| config.name == name);
    found.copied().ok_or_else(|| {
        let names = CONFIGS.map(|(config, _)| config.name).join(", ");
        usage(format!("no config {name:?}; there are: {names}"))
    })
}

fn dtype_of(name: &str) -> Result<Dtype> {
    let found = Dtype::ALL.into_iter().find(|dtype| dtype.name() == name);
    found.ok_or_else(|| {
        let names = Dtype::ALL.map(Dtype::name).join(", ");
        usage(format!("no dtype {name:?}; there are: {names}"))
    })
}

fn source_of(data: Option<&str>, vocabulary: Option<&str>, text: Option<&str>) -> Result<Source> {
    match (data, vocabulary, text) {
        (Some(data), Some(vocabulary), None) => Ok(Source::Shards {
            folder: data.into(),
            vocabulary: at_least_one("--vocabulary", vocabulary)?,
        }),
        (None, None, Some(text)) => Ok(Source::Text(text.into())),
        _ => Err(usage(
            "give either --data and --vocabulary, or --text alone",
        )),
    }
}

fn start_of(weights: Option<&str>, starts: Option<&str>, seed: Option<&str>) -> Result<Start> {
    match (weights, starts, seed) {
        (Some(weights), Some(starts), None) => Ok(Start::Files {
            weights: weights.into(),
            starts: starts.into(),
        }),
        (None, None, Some(seed)) => Ok(Start::Seed(number("--seed", seed)?)),
        _ => Err(usage("give either --weights and --starts, or --seed alone")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words).map_err(|error| error.to_string())
    }

    const WHOLE: &str =
        "--config quick --dtype float32 --threads 2 --steps 9 --text a.txt --seed 3";

    #[test]
    fn options_come_in_any_order_and_with_an_equals_sign() {
        let options = parse(WHOLE).unwrap();
        assert_eq!(options.config.width, 64);
        assert_eq!((options.threads, options.steps), (2, 9));
        assert_eq!(options.source, Source::Text("a.txt".into()));
        assert_eq!(options.start, Start::Seed(3));
        let words: Vec<&str> = WHOLE.split_whitespace().collect();
        let turned: Vec<&str> = words.chunks(2).rev().flatten().copied().collect();
        assert_eq!(parse(&turned.join(" ")).as_ref(), Ok(&options));
        let equals: Vec<String> = words.chunks(2).map(|pair| pair.join("=")).collect();
        assert_eq!(parse(&equals.join(" ")), Ok(options));
    }

    #[test]
    fn each_wrong_option_is_named() {
        for (from, to, complaint) in [
            (
                "--seed 3",
                "",
                "give either --weights and --starts, or --seed alone",
            ),
            ("--seed 3", "--seed 3 --starts s", "give either --weights"),
            (
                "--text a.txt",
                "--data d",
                "give either --data and --vocabulary",
            ),
            (
                "--text a.txt",
                "--data d --vocabulary 0",
                "--vocabulary is at least 1",
            ),
            (
                "--seed 3",
                "--seed -1",
                "--seed takes a whole number, not \"-1\"",
            ),
            ("--seed 3", "--seed", "--seed has no value"),
            (
                "--seed 3",
                "--speed 3",
                "no option \"--speed\"; there are: --config",
            ),
            ("--steps 9", "--steps 9 --steps 9", "--steps is given twice"),
            ("--steps 9", "", "the option --steps is missing"),
            ("--threads 2", "--threads 0", "--threads is at least 1"),
            (
                "quick",
                "baby",
                "no config \"baby\"; there are: quick, full",
            ),
            (
                "float32",
                "half",
                "no dtype \"half\"; there are: float32, float64, bfloat16",
            ),
        ] {
            let message = parse(&WHOLE.replace(from, to)).unwrap_err();
            assert!(message.contains(complaint), "{to:?} gives {message:?}");
        }
    }
}
