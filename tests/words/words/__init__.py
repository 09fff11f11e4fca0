"""What is measured: counting words, in Python and in Rust."""
