"""Python ideas: ``py_impls/<task>/<idea>.py`` defines a function named after its task."""
