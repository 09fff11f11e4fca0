"""The command ``cost``."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    RESULTS,
    USAGE,
    AsJson,
    Results,
    damage,
    kept_run,
    out,
    print_json,
    refusals,
    stop,
    timed_progress,
)
from nanogpt_rs.words import digits, duration, seconds_in_words, size_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nanogpt_rs.predicting.cost_prediction import Estimate, Model, Prediction, Resources
    from nanogpt_rs.records.schema import Run, Taken


def cost(
    sizes: Annotated[
        list[str] | None, typer.Argument(help="Of texts to predict; 100GB and 10TB unasked.")
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure here first; else the newest run is used.")
    ] = False,
    record: Annotated[
        Path | None, typer.Option(help="A file of records to predict from, instead.")
    ] = None,
    up_to: Annotated[str, typer.Option(help="The largest text to measure, at most 4GB.")] = "1GB",
    repeats: Annotated[int, typer.Option(min=2, help="Of each way at each size.")] = 5,
    workers: Annotated[
        list[int] | None, typer.Option(min=1, help="To measure with, besides one; repeatable.")
    ] = None,
    engine: Annotated[
        list[str] | None, typer.Option(help="Of nanogpt-rs prepare; repeatable (threads).")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="For texts and shards, three times the largest; they are removed."),
    ] = None,
    machines: Annotated[int, typer.Option(min=1, help="That share the work.")] = 1,
    cores: Annotated[int, typer.Option(min=1, help="Of each machine.")] = 1,
    read: Annotated[
        str | None, typer.Option(help="Of each machine's disk, such as 2GB/s; none: from memory.")
    ] = None,
    write: Annotated[str | None, typer.Option(help="The same for writing.")] = None,
    network: Annotated[
        str | None, typer.Option(help="Of each machine, where files are on others.")
    ] = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Predict what `nanogpt-rs prepare` takes for texts of any size, from measured ones.

    Lines are fitted to runs from 1 MB on. The interval is of a single run, and knows nothing of
    what was never measured: say what disks and network do, or they are taken to be no obstacle.
    """
    with refusals():
        from nanogpt_rs.predicting.cost_prediction import (
            CostError,
            Resources,
            model_of,
            predict,
        )
        from nanogpt_rs.predicting.quantities import QuantityError, parse_size, parse_speed

        try:
            wanted = [parse_size(size) for size in sizes or ("100GB", "10TB")]
            largest = parse_size(up_to)
            resources = Resources(
                machines=machines,
                cores=cores,
                read=parse_speed(read) if read else math.inf,
                write=parse_speed(write) if write else math.inf,
                network=parse_speed(network) if network else None,
            )
        except QuantityError as error:
            stop(USAGE, str(error))
        try:
            if measure:
                measure_costs(largest, repeats, workers, engine, folder, results)
            run, taken = runs_of(record, results)
            model = model_of(taken)
        except CostError as error:
            stop(FAILED if measure else NOTHING, str(error))
        except OSError as error:
            stop(FAILED, f"{error.filename or folder}: {error.strerror}")
    predictions = [predict(model.stages, resources, size) for size in wanted]
    if as_json:
        print_json(document_of(run, model, resources, predictions))
    else:
        print_model(run, model, taken)
        print_predictions(resources, predictions)


def measure_costs(
    largest: float,
    repeats: int,
    workers: Sequence[int] | None,
    engines: Sequence[str] | None,
    folder: Path | None,
    results: Path,
) -> None:
    """Measure, and keep each run as soon as it is finished."""
    from nanogpt_rs.predicting import cost_measurement
    from nanogpt_rs.ruler.corpora import sha256
    from nanogpt_rs.ruler.provenance import check

    sizes = cost_measurement.sizes_to(largest)
    ways = cost_measurement.ways(sorted({1, *(workers or ())}), engines or ["threads"])
    plan = sha256(f"{sizes} {repeats} {[way.name for way in ways]}".encode())
    seconds = repeats * sum(sizes) * len(ways) * cost_measurement.PACE
    with (
        kept_run("cost", plan, check(), results, None) as keeper,
        timed_progress(seconds) as advance,
    ):
        for taken in cost_measurement.measure(sizes, ways, folder, repeats, advance):
            keeper.keep_other(taken)


def runs_of(record: Path | None, results: Path) -> tuple[Run, list[Taken]]:
    """Return the last run of a file, or of the newest file here, and what it measured.

    Raises:
        CostError: it measured nothing of the kind.
    """
    from nanogpt_rs.predicting.cost_prediction import CostError
    from nanogpt_rs.records.files import newest, read
    from nanogpt_rs.records.schema import RecordError, Taken

    if record is None:
        try:
            record = newest(results / "cost")
        except RecordError as error:
            raise CostError(f"{error}; `nanogpt-rs cost --measure` measures") from None
    with damage():
        recorded = read(record)[-1]
    taken = [each for each in recorded.others if isinstance(each, Taken)]
    if not taken:
        raise CostError(f"{record}: holds nothing of what a preparation costs")
    return recorded.run, taken


def document_of(
    run: Run, model: Model, resources: Resources, predictions: Sequence[Prediction]
) -> dict[str, Any]:
    """Return what is predicted, and from what."""
    from nanogpt_rs.records.lines import plain

    wholes = [
        {"engine": engine, "workers": workers, **asdict(line)}
        for (engine, workers), line in model.wholes.items()
    ]
    document: dict[str, Any] = plain(
        {
            "run": asdict(run),
            "stages": {name: asdict(line) for name, line in model.stages.items()},
            "calls": {name: asdict(line) for name, line in model.calls.items()},
            "wholes": wholes,
            "means": asdict(resources),
            "predictions": [asdict(prediction) for prediction in predictions],
        }
    )
    return document


def print_model(run: Run, model: Model, taken: Sequence[Taken]) -> None:
    """Print the lines that were fitted."""
    table = Table(title="what a text costs, by size", title_justify="left")
    table.add_column("what", overflow="fold")
    for column in ("fixed", "a GB", "a run is off by", "runs"):
        table.add_column(column, justify="right")
    lines = [
        *((f"prepare: {name}, busy", line) for name, line in model.stages.items()),
        *((f"shards {id}, processor", line) for id, line in model.calls.items()),
        *(
            (f"prepare by {workers} of {engine}, wall clock", line)
            for (engine, workers), line in model.wholes.items()
        ),
    ]
    for what, line in lines:
        table.add_row(
            escape(what),
            duration(line.fixed),
            duration(line.per_byte * 1e9),
            f"{line.spread:.1%}",
            str(line.runs),
        )
    out.print(table)
    least, most = (size_in_words(pick(each.bytes for each in taken)) for pick in (min, max))
    out.print(
        escape(
            f"Measured from {least} to {most} on {run.machine.alias} ({run.machine.cpu}, "
            f"{run.machine.cores} cores), {run.began:%Y-%m-%d}, files in the system's memory."
        ),
        soft_wrap=True,
    )


def print_predictions(resources: Resources, predictions: Sequence[Prediction]) -> None:
    """Print what is predicted, and what bounds it."""
    table = Table(title=resources_in_words(resources), title_justify="left")
    table.add_column("text", justify="right")
    for stage in predictions[0].stages:
        table.add_column(stage.name, justify="right")
    table.add_column("in all [95 %]", justify="right")
    table.add_column("beyond the measured", justify="right")
    for prediction in predictions:
        stages = [
            f"{seconds_in_words(stage.estimate.seconds)} ({stage.bound})"
            for stage in prediction.stages
        ]
        beyond = f"{digits(prediction.stretched)} times" if prediction.stretched > 1 else "-"
        table.add_row(size_in_words(prediction.size), *stages, bounded(prediction.total), beyond)
    out.print(table)


def resources_in_words(resources: Resources) -> str:
    """Return the machines that a preparation runs on, in words."""
    machines = f"{resources.machines} machines of " if resources.machines > 1 else ""
    words = f"{machines}{resources.cores} core{'s' if resources.cores > 1 else ''}"
    for speed, verb in ((resources.read, "read"), (resources.write, "written")):
        words += "" if math.isinf(speed) else f", {digits(speed / 1e9)} GB/s {verb}"
    if resources.network:
        words += f", {digits(resources.network / 1e9)} GB/s of network"
    return words


def bounded(estimate: Estimate) -> str:
    """Return an estimate with its interval."""
    seconds, low, high = map(seconds_in_words, (estimate.seconds, estimate.low, estimate.high))
    return f"{seconds} [{low}, {high}]"
