"""How blocks of time become a verdict: pure functions, without a clock, a process or a file."""
