"""The commands, a file for each group; ``nanogpt_rs.cli`` gives them their names."""
