//! A run of an arm: from the command line to the last answer.

use std::any::Any;
use std::env;
use std::io::{BufRead, Write, stdin, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::Gpt;
use crate::clocks::{Moment, before, since_start};
use crate::config::{Config, Recipe};
use crate::data::Corpus;
use crate::error::{Result, exit_status, one_line, usage};
use crate::evaluation::evaluate;
use crate::options::{Dtype, Options, Source, Start};
use crate::start::read_starts;
use crate::weights::{Weights, parameters};

/// What an arm says of itself in its first line.
pub struct About {
    /// Its name, which the executable has after `arm-`.
    pub arm: &'static str,
    /// The library that computes the model, with its version.
    pub library: String,
    /// The allocator of its memory, with its version unless it is the system's.
    pub allocator: String,
    /// What multiplies matrices, with its version.
    pub matmul: String,
    /// The vector instructions that the multiplication uses here.
    pub instructions: String,
    /// The environment variable by which the library is told its number of threads, if it reads
    /// one: the arm then starts itself once more with the variable set.
    pub thread_variable: Option<&'static str>,
}

/// The shape of the model and how it is computed.
pub struct Setup {
    pub config: Config,
    /// Number of distinct characters, V.
    pub vocabulary: usize,
    pub dtype: Dtype,
    pub threads: usize,
}

/// Runs an arm until its input ends, and returns its exit status.
pub fn run<A: Gpt>(about: &About) -> ExitCode {
    let main = Moment::now();
    let name = format!("arm-{}", about.arm);
    std::panic::set_hook(Box::new(|_| ())); // a panic is reported below, in one line
    let result = catch_unwind(AssertUnwindSafe(|| serve::<A>(about, &main)));
    let (message, status) = match result {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => (error.to_string(), exit_status(&*error)),
        Err(panic) => (panic_message(&*panic), 1),
    };
    eprintln!("{name}: {}", one_line(&message));
    ExitCode::from(status)
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let message = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let message = message.unwrap_or_else(|| "no message".to_owned());
    format!("the library panicked: {}", one_line(&message))
}

fn serve<A: Gpt>(about: &About, main: &Moment) -> Result<()> {
    let words: Vec<String> = env::args_os()
        .skip(1)
        .map(|word| {
            word.into_string()
                .map_err(|word| usage(format!("{} is not UTF-8", word.display())))
        })
        .collect::<Result<_>>()?;
    let options = Options::parse(&words)?;
    if !A::DTYPES.contains(&options.dtype) {
        return Err(usage(format!(
            "{} cannot train in {}; it can in: {}",
            about.library,
            options.dtype,
            A::DTYPES
                .iter()
                .map(|dtype| dtype.name())
                .collect::<Vec<_>>()
                .join(", ")
        )));
    }
    if let Some(variable) = about.thread_variable {
        set_and_start_again(variable, options.threads)?;
    }
    let mut stages = Map::new();
    stages.insert("imports".to_owned(), before(main));
    A::use_threads(options.threads);
    let mut arm = Arm::<A>::start(&options, &mut stages)?;
    let hello = json!({
        "hello": 1,
        "arm": about.arm,
        "library": about.library,
        "allocator": about.allocator,
        "matmul": about.matmul,
        "instructions": about.instructions,
        "dtype": options.dtype.name(),
        "threads": options.threads,
        "parameters": arm.parameters,
        "start": since_start(main),
        "stages": stages,
    });
    say(&mut stdout().lock(), &hello)?;
    arm.answer_lines(stdin().lock(), &mut stdout().lock())
}

/// Some libraries read their number of threads from the environment only, and before anything
/// else. The process replaces itself, so that its id, its start and its clocks stay the same.
#[cfg(unix)]
fn set_and_start_again(variable: &str, threads: usize) -> Result<()> {
    use std::os::unix::process::CommandExt;

    if env::var(variable).is_ok_and(|value| value == threads.to_string()) {
        return Ok(());
    }
    let error = std::process::Command::new(env::current_exe()?)
        .args(env::args_os().skip(1))
        .env(variable, threads.to_string())
        .exec();
    Err(format!("cannot start again with {variable}={threads}: {error}").into())
}

#[cfg(not(unix))]
fn set_and_start_again(variable: &str, threads: usize) -> Result<()> {
    if env::var(variable).is_ok_and(|value| value == threads.to_string()) {
        return Ok(());
    }
    Err(usage(format!(
        "set {variable}={threads} in the environment for --threads {threads}"
    )))
}

/// Writes an answer, flushed, because the other side waits for it.
fn say(output: &mut impl Write, answer: &Value) -> Result<()> {
    writeln!(output, "{answer}")?;
    Ok(output.flush()?)
}

/// A model that trains, and what it trains on.
struct Arm<A> {
    model: A,
    corpus: Corpus,
    /// Start positions of all sequences of the run, step by step.
    starts: Vec<u32>,
    config: Config,
    recipe: Recipe,
    dtype: Dtype,
    /// Number of steps of the whole run, and of those that are done.
    steps: usize,
    done: usize,
    /// Number of weights.
    parameters: usize,
}

impl<A: Gpt> Arm<A> {
    fn start(options: &Options, stages: &mut Map<String, Value>) -> Result<Self> {
        let (config, recipe) = (options.config, options.recipe);
        let moment = Moment::now();
        let corpus = match &options.source {
            Source::Shards { folder, vocabulary } => Corpus::read(folder, *vocabulary)?,
            Source::Text(text) => Corpus::prepare(text)?,
        };
        let windows = corpus.windows(config.context)?;
        stages.insert("prepare".to_owned(), moment.elapsed());

        let moment = Moment::now();
        let setup = Setup {
            config,
            vocabulary: corpus.vocabulary,
            dtype: options.dtype,
            threads: options.threads,
        };
        let parameters = parameters(&config, corpus.vocabulary);
        let count = recipe.batch * options.steps;
        let (weights, starts) = match &options.start {
            Start::Files { weights, starts } => (
                Weights::read(weights, &parameters)?,
                read_starts(starts, windows, count)?,
            ),
            Start::Seed(seed) => A::draw(&parameters, windows, count, *seed)?,
        };
        let parameters = weights.count();
        let model = A::new(&setup, weights)?;
        stages.insert("model".to_owned(), moment.elapsed());
        Ok(Self {
            model,
            corpus,
            starts,
            config,
            recipe,
            dtype: options.dtype,
            steps: options.steps,
            done: 0,
            parameters,
        })
    }

    fn answer_lines(&mut self, input: impl BufRead, output: &mut impl Write) -> Result<()> {
        for line in input.lines() {
            let line = line?;
            if line.trim() == "quit" {
                break;
            }
            say(output, &self.answer(line.trim())?)?;
        }
        Ok(())
    }

    fn answer(&mut self, line: &str) -> Result<Value> {
        match line.split_once(' ') {
            Some(("steps", count)) => match count.parse() {
                Ok(count) => self.train(count),
                Err(_) => Err(usage(format!("steps takes a whole number, not {count:?}"))),
            },
            Some(("weights", path)) => {
                let float64 = self.dtype == Dtype::Float64;
                self.model.weights()?.write(Path::new(path), float64)?;
                Ok(json!({"weights": path}))
            }
            None if line == "evaluate" => self.evaluate(),
            _ => Err(usage(format!(
                "cannot understand the line {line:?}; there are: steps N, evaluate, weights FILE, quit"
            ))),
        }
    }

    fn train(&mut self, count: usize) -> Result<Value> {
        let left = self.steps - self.done;
        if count > left {
            let steps = self.steps;
            return Err(usage(format!(
                "of the run's {steps} steps {left} are left, not {count}"
            )));
        }
        let moment = Moment::now();
        let losses = (0..count)
            .map(|_| self.step())
            .collect::<Result<Vec<_>>>()?;
        let mut answer = json!({"steps": self.done});
        add(&mut answer, moment.elapsed());
        answer["losses"] = losses.into();
        Ok(answer)
    }

    fn step(&mut self) -> Result<f64> {
        let starts = &self.starts[self.recipe.batch * self.done..][..self.recipe.batch];
        let batch = self.corpus.batch(starts, self.config.context);
        let learning_rate = self.recipe.learning_rate_at(self.done, self.steps);
        let loss = self.model.step(&batch, learning_rate)?;
        self.done += 1;
        if loss.is_finite() {
            Ok(loss)
        } else {
            Err(format!("the loss is {loss} at step {} of {}", self.done, self.steps).into())
        }
    }

    fn evaluate(&self) -> Result<Value> {
        let moment = Moment::now();
        let (loss, characters) = evaluate(&self.model, &self.corpus.val, self.config.context)?;
        let mut answer = json!({"val_loss": loss, "characters": characters});
        add(&mut answer, moment.elapsed());
        Ok(answer)
    }
}

/// Adds the fields of one object to another.
fn add(answer: &mut Value, more: Value) {
    if let (Value::Object(answer), Value::Object(more)) = (answer, more) {
        answer.extend(more);
    }
}

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;
