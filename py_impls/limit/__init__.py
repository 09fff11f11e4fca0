"""Yardsticks in Python: the least that a task has to do, with the same types in and out."""
