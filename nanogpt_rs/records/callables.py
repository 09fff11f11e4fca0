"""The record of a callable that no registry knows: what was called, and what it takes alone."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_TEXT = 500
"""Most characters of a statement or of a setup that a record holds."""


@dataclass(frozen=True)
class Called:
    """Record of ``compare``: a callable from a file, a module, a statement or a program.

    Its times are in the cell with the same id.

    Attributes:
        id: Name of the callable, as in its cell.
        form: ``file``, ``module``, ``statement``, ``test`` for what a test of pytest gives to its
            fixture ``benchmark``, or ``object`` for one that a program passed.
        text: Name of the function with its file or module, of the test, or the statement, cut to
            ``LONGEST_TEXT``. A file is named without the path of its folder.
        sha256: SHA-256 of the statement with its setup, of the file, or of the pickled object, in
            hexadecimal; of a module its name.
        origin: Where it comes from, in words.
        setup: Text that was run before a statement, cut likewise; ``None`` for all others.
        input: What made the arguments: a function's name, or ``arguments`` of a program; ``None``
            for calls without any.
        check: What compared the answers: ``same``, a function's name, ``tests`` where each test
            asserts what is right, or ``none``.
        tolerance: Relative difference up to which two floats count as the same.
        inputs: Number of inputs on which the answers were compared.
        first_seconds: Seconds of the first call in a process of its own.
        later_seconds: Median seconds of the calls after it.
        peak: Bytes by which that process grew at most during its first call; ``None`` where the
            system does not tell.
        instructions: Number of instructions that one call executes; ``None`` where they were not
            counted.
        notes: Sentences about it that belong to the result.
        equal: Whether its answer is the reference's, where its own test decides what is right;
            ``None`` for all others.
    """

    id: str
    form: str
    text: str
    sha256: str
    origin: str
    setup: str | None = None
    input: str | None = None
    check: str = "same"
    tolerance: float = 0.0
    inputs: int = 0
    first_seconds: float | None = None
    later_seconds: float | None = None
    peak: int | None = None
    instructions: int | None = None
    notes: tuple[str, ...] = ()
    equal: bool | None = None
