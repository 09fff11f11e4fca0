//! Wall-clock time and the processor's time of the whole process, all its threads together.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// A moment on both clocks.
#[derive(Clone, Copy)]
pub struct Moment {
    wall: Instant,
    /// Seconds of the processor since the process started.
    cpu: f64,
}

impl Moment {
    pub fn now() -> Self {
        Self {
            wall: Instant::now(),
            cpu: seconds(ClockId::ProcessCPUTime),
        }
    }

    /// The seconds since this moment, as the protocol writes them.
    pub fn elapsed(&self) -> Value {
        let now = Self::now();
        span((now.wall - self.wall).as_secs_f64(), now.cpu - self.cpu)
    }
}

/// The seconds since the process started, as the protocol writes them.
///
/// Linux counts the start of a process in hundredths of a second. Where it cannot be read, only
/// the time since `main` is known, which is given as a moment.
pub fn since_start(main: &Moment) -> Value {
    let since_main = main.wall.elapsed().as_secs_f64();
    let wall = age_of_the_process().map_or(since_main, |age| age.max(since_main));
    span(wall, seconds(ClockId::ProcessCPUTime))
}

/// The seconds that went by before a moment: the system loaded the program and its libraries.
pub fn before(main: &Moment) -> Value {
    let since_main = main.wall.elapsed().as_secs_f64();
    let age = age_of_the_process().unwrap_or(since_main);
    span((age - since_main).max(0.0), main.cpu)
}

fn span(wall: f64, cpu: f64) -> Value {
    json!({"wall": wall, "cpu": cpu})
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

#[cfg(target_os = "linux")]
fn age_of_the_process() -> Option<f64> {
    const TICKS_PER_SECOND: f64 = 100.0; // on every architecture that Rust supports
    let line = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets and may hold spaces. The start is field 22.
    let after_name = line.rsplit_once(')')?.1;
    let ticks: f64 = after_name.split_whitespace().nth(19)?.parse().ok()?;
    Some(seconds(ClockId::Boottime) - ticks / TICKS_PER_SECOND)
}

#[cfg(not(target_os = "linux"))]
fn age_of_the_process() -> Option<f64> {
    None
}
