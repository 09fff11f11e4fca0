"""Put on ``PYTHONPATH``, this makes the command measure little.

Most tests of whole commands ask for a document, a status or a message, none of which depends on how
precise the figures are. With few processes, few rounds and a short warm-up they take a fraction of
the time. The only verdicts that such a run can reach are "inconclusive" and "invalid".
"""

import sys
from dataclasses import replace
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

ROUNDS = 3
"""Rounds in a process: the fewest that a small budget leaves."""
WARM_UP_ROUNDS = 3
"""Rounds that a process discards before these. A long warm-up makes figures steadier."""
PROCESSES = 3
"""Processes in a comparison: the fewest that have an interval when an outlier is left out."""


class BriefPlans:
    """Import the module that plans measurements, and make its plans brief."""

    def find_spec(self, name: str, path: object = None, *_: object) -> ModuleSpec | None:
        """Return how to import a module, if it is the one that plans."""
        if name != "nanogpt_rs.statistics.plan":
            return None
        spec = PathFinder.find_spec(name, path)  # type: ignore[arg-type]
        assert spec is not None
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            whole = module.plan

            def plan(*arguments: object, **options: object) -> object:
                planned = whole(*arguments, **options)
                processes = min(PROCESSES, planned.least)
                return replace(
                    planned,
                    rounds=min(ROUNDS, planned.rounds),
                    warm_up_rounds=min(WARM_UP_ROUNDS, planned.warm_up_rounds),
                    least=processes,
                    most=processes,
                )

            module.plan = plan

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, BriefPlans())
