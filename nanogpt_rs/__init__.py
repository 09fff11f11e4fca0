"""Find out whether some Python is worth rewriting in Rust, and what the whole job gains."""
