"""``python -m nanogpt_rs`` is ``nanogpt-rs``."""

from nanogpt_rs.cli import main

if __name__ == "__main__":
    main()
