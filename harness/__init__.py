"""The reader: runs the ruler over what is installed, and tells people what came of it."""
