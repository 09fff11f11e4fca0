"""What no contender can beat, where it is Python's own; in the shape of the task it is a row of."""
