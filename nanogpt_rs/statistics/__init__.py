"""How blocks of time become a verdict: pure functions, without a clock, a process or a file.

``blocks`` explains arms, rounds, blocks and processes, and reduces each process to one number for
each arm. ``plan`` decides how much to measure, ``clocks`` which clock judges, ``trimmed`` has the
mean with its interval and tests, ``verdict`` the conclusion. ``adjusted`` and ``meanwhile`` sum up
a run's cells, ``alarms`` a self-test's groups, ``assertions`` its assertions.
"""
