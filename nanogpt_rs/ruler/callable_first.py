"""Measures one callable alone in a worker process: its first call, its memory, and its threads."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time, thread_time
from typing import Any, TypedDict

from nanogpt_rs.ruler import held
from nanogpt_rs.ruler.callable_answers import Request, arguments_of, take_path
from nanogpt_rs.ruler.callables import Inputs, Loaded, load

MOST_LATER = 20
"""Most calls that are made after the first."""
LATER_SECONDS = 0.05
"""Seconds after which no further call is made."""


class Order(Request):
    """An order to measure one callable's first call.

    Attributes:
        index: Its place among the callables.
    """

    index: int


class Answer(TypedDict):
    """What one callable takes.

    Attributes:
        first: Seconds of its first call in this process.
        later: Median seconds of later calls on the same objects.
        first_cpu: Seconds of processor time of the first call, which a busy machine leaves alone.
        later_cpu: Median seconds of processor time of later calls.
        other_cpu: Least seconds of processor time of a call on other inputs, after the calls on the
            same; ``None`` where the input's function makes one input only.
        cores: How many cores a call kept busy.
        peak: Bytes by which the process had grown at most during the first call; ``None`` where the
            system does not tell.
        compiled: Names of the packages with compiled code, beyond Python's own, that were imported
            with it.
    """

    first: float
    later: float
    first_cpu: float
    later_cpu: float
    other_cpu: float | None
    cores: float
    peak: int | None
    compiled: list[str]


def answer(order: Order) -> Answer:
    """Make the calls, in a worker process that has called nothing before."""
    take_path(order)
    before = set(sys.modules)
    loaded = load(order["callables"][order["index"]])
    compiled = compiled_since(before)
    inputs = Inputs(order["input"])
    function, prepare, finish = calls_of(loaded, inputs)
    arguments = prepare()
    gc.collect()
    tells = held.cannot() is None
    if tells:
        held.give_back()
        held.CLEAR.write_text(held.RESET_PEAK, encoding="ascii")
        before_call = held.held("VmRSS")
    start, worked = perf_counter(), process_time()
    result = function(*arguments)
    first, first_cpu = perf_counter() - start, process_time() - worked
    peak = max(0, held.held("VmHWM") - before_call) if tells else None
    del result
    finish(arguments)
    later, later_cpu = [], []
    began, worked, own = perf_counter(), process_time(), thread_time()
    for _ in range(MOST_LATER):
        arguments = prepare()
        start, before_call_cpu = perf_counter(), process_time()
        function(*arguments)
        later.append(perf_counter() - start)
        later_cpu.append(process_time() - before_call_cpu)
        finish(arguments)
        if perf_counter() - began > LATER_SECONDS:
            break
    worked, own, took = process_time() - worked, thread_time() - own, perf_counter() - began
    # A process's clock also counts threads that this one did not start, such as a library's.
    busy = worked / took if worked - own > 0.05 * took else 1.0
    return {
        "first": first,
        "later": median(later),
        "first_cpu": first_cpu,
        "later_cpu": median(later_cpu),
        "other_cpu": on_others(function, inputs) if inputs.make else None,
        "cores": busy,
        "peak": peak,
        "compiled": compiled,
    }


def calls_of(
    loaded: Loaded, inputs: Inputs
) -> tuple[
    Callable[..., object], Callable[[], tuple[Any, ...]], Callable[[tuple[Any, ...]], object]
]:
    """Return what is called, what makes its arguments, and what is done with them afterwards."""
    if loaded.prepared is None:
        arguments = arguments_of(inputs, 0)
        return loaded.function, lambda: arguments, lambda _: None
    target, prepare, finish = loaded.prepared

    def function(args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
        return target(*args, **kwargs)

    def finished(arguments: tuple[Any, ...]) -> object:
        return finish(*arguments[0], **arguments[1]) if finish is not None else None

    return function, prepare, finished


def on_others(function: object, inputs: Inputs) -> float | None:
    """Return the least CPU seconds of calls on inputs that are new; ``None`` without any."""
    seconds = []
    for number in range(1, 4):
        try:
            arguments = inputs.arguments(number)
        except Exception:
            break
        if arguments is None:
            break
        start = process_time()
        function(*arguments)  # type: ignore[operator]
        seconds.append(process_time() - start)
    return min(seconds, default=None)


def median(values: list[float]) -> float:
    """Return the upper median; the module ``statistics`` takes long to import."""
    return sorted(values)[len(values) // 2]


def compiled_since(names: set[str]) -> list[str]:
    """Return which packages hold the extension modules that were imported after these modules."""
    return compiled_among(set(sys.modules) - names)


def compiled_among(names: set[str]) -> list[str]:
    """Return which packages hold the extension modules among these, without Python's own."""
    own = str(Path(sys.modules["os"].__file__ or "").parent)
    packages = set()
    for name in names:
        file = getattr(sys.modules.get(name), "__file__", None)
        if not file or not file.endswith((".so", ".pyd")):
            continue
        if file.startswith(own) and "site-packages" not in file:
            continue
        packages.add(name.partition(".")[0])
    return sorted(packages - set(sys.stdlib_module_names))
