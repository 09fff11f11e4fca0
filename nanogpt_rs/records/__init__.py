"""Every record's fields, the lines that keep them, and files that survive a crash."""
