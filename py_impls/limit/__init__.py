"""The least that a task has to do, where that is Python's own, in the shape of the task's rows."""
