//! Errors that end an arm: one line on standard error, and an exit status.

use std::error::Error;
use std::fmt;

pub type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// The caller asked for something that cannot be: exit status 2. Any other error gives 1.
#[derive(Debug)]
pub struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for UsageError {}

/// Makes the error of a caller who asked for something that cannot be.
pub fn usage(message: impl Into<String>) -> Box<dyn Error> {
    Box::new(UsageError(message.into()))
}

/// The exit status that an error gives.
pub fn exit_status(error: &(dyn Error + 'static)) -> u8 {
    if error.is::<UsageError>() { 2 } else { 1 }
}

/// A message on one line: some libraries append a stack trace, or a list of what they tried.
pub fn one_line(message: &str) -> String {
    let mut lines = message.lines().map(str::trim);
    lines
        .find(|line| !line.is_empty())
        .unwrap_or("it failed without a message")
        .to_owned()
}
