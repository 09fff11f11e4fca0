"""What asv imports from HEAD, while it measures the wheel of each commit."""
