"""Tell whether a piece of Python is worth rewriting in Rust, and what the whole job gains."""
