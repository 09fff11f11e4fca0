//! Counts the steps of algorithms in tests: how they grow is proved without a clock.

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts `count` steps in a test, and does nothing elsewhere.
#[inline]
pub fn add(count: usize) {
    #[cfg(test)]
    STEPS.with(|steps| steps.set(steps.get() + count));
    let _ = count;
}

/// The steps that `run` takes.
#[cfg(test)]
pub fn of(run: impl FnOnce()) -> usize {
    let before = STEPS.with(std::cell::Cell::get);
    run();
    STEPS.with(std::cell::Cell::get) - before
}
