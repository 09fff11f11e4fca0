"""The commands, a file for each group; ``harness.cli`` gives them their names."""
