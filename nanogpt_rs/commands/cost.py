"""The command ``data cost``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    kept_run,
    out,
    print_json,
    refuse_beside,
    refuse_without,
    stop,
    timed_progress,
)
from nanogpt_rs.commands.options import RESULTS, AsJson, Results
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.ruler.provenance import check
from nanogpt_rs.words import digits, duration, seconds_in_words, size_in_words

if TYPE_CHECKING:
    from nanogpt_rs.commands.job_documents import PredictedCosts
    from nanogpt_rs.predicting.cost_prediction import Model, Prediction, Resources
    from nanogpt_rs.records.schema import Run, Taken

Sizes = Annotated[
    list[str] | None,
    typer.Argument(help="Sizes of the texts, such as 100GB.", show_default="100GB and 10TB"),
]
Measure = Annotated[
    bool,
    typer.Option(
        "--measure",
        help="Measure here first, instead of predicting from an earlier measurement.",
    ),
]
Record = Annotated[
    Path | None,
    typer.Option(
        help="A file of records to predict from.",
        show_default="the newest measurement",
    ),
]
UpTo = Annotated[
    str, typer.Option(help="With --measure: size of the largest text to measure, at most 4GB.")
]
Repeats = Annotated[
    int, typer.Option(min=2, help="With --measure: how often each way prepares each size.")
]
Workers = Annotated[
    list[int] | None,
    typer.Option(
        min=1, help="With --measure: a number of workers to measure besides one; repeatable."
    ),
]
Engines = Annotated[
    list[str] | None,
    typer.Option(
        help="With --measure: engine of `nanogpt-rs data prepare`, threads or dask; repeatable.",
        show_default="threads",
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        help="With --measure: folder for temporary texts and shards; it needs three times the size "
        "of the largest text.",
        show_default="the system's temporary folder",
    ),
]
Machines = Annotated[int, typer.Option(min=1, help="Number of machines that share the work.")]
Cores = Annotated[int, typer.Option(min=1, help="Number of cores of each machine.")]
Read = Annotated[
    str | None,
    typer.Option(
        help="Speed at which each machine's disk is read, such as 2GB/s.",
        show_default="no limit: the texts are in memory",
    ),
]
Write = Annotated[
    str | None,
    typer.Option(
        help="Speed at which each machine's disk is written, such as 1GB/s.",
        show_default="no limit",
    ),
]
Network = Annotated[
    str | None,
    typer.Option(
        help="Speed of each machine's network, such as 1GB/s, if the files are on other machines.",
        show_default="no network",
    ),
]


def cost(
    context: typer.Context,
    sizes: Sizes = None,
    measure: Measure = False,
    record: Record = None,
    up_to: UpTo = "1GB",
    repeats: Repeats = 5,
    workers: Workers = None,
    engine: Engines = None,
    folder: Folder = None,
    machines: Machines = 1,
    cores: Cores = 1,
    read: Read = None,
    write: Write = None,
    network: Network = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Predict how long `nanogpt-rs data prepare` takes for texts of any size, from measured texts.

    Straight lines are fitted to measured texts of 1 MB and more. An interval is that of a single
    run, and covers only what was measured. Give the speeds of disks and network, or they are taken
    to be no obstacle.

    For example: nanogpt-rs data cost 100GB 10TB --measure --read 2GB/s --write 1GB/s
    """
    if not measure:
        refuse_without(context, "--measure", "up_to", "repeats", "workers", "engine", "folder")
    if record is not None:
        refuse_beside(context, "--record", "measure", "results")
    from nanogpt_rs.predicting.cost_prediction import (
        CostError,
        Resources,
        model_of,
        predict,
    )
    from nanogpt_rs.predicting.quantities import parse_size, parse_speed

    wanted = [parse_size(size) for size in sizes or ("100GB", "10TB")]
    largest = parse_size(up_to)
    resources = Resources(
        machines=machines,
        cores=cores,
        read=parse_speed(read) if read else math.inf,
        write=parse_speed(write) if write else math.inf,
        network=parse_speed(network) if network else None,
    )
    try:
        if measure:
            measure_costs(largest, repeats, workers, engine, folder, results)
        run, taken = newest_costs(record, results)
        model = model_of(taken)
    except CostError as error:
        stop(FAILED if measure else NOTHING, str(error), error.hint)
    predictions = [predict(model.stages, resources, size) for size in wanted]
    if as_json:
        print_json("data cost", document_of(run, model, resources, predictions))
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
    """Measure preparations of growing size, and save each as soon as it is finished."""
    from nanogpt_rs.predicting import cost_measurement
    from nanogpt_rs.ruler.hashes import sha256

    sizes = cost_measurement.sizes_to(largest)
    ways = cost_measurement.ways(sorted({1, *(workers or ())}), engines or ["threads"])
    request = sha256(f"{sizes} {repeats} {[way.name for way in ways]}".encode())
    seconds = repeats * sum(sizes) * len(ways) * cost_measurement.PACE
    with (
        kept_run("cost", request, check(), results, None) as writer,
        timed_progress(seconds) as advance,
    ):
        for taken in cost_measurement.measure(sizes, ways, folder, repeats, advance):
            writer.keep_other(taken)


def newest_costs(record: Path | None, results: Path) -> tuple[Run, list[Taken]]:
    """Return the last run in a file of records, and the costs that it measured.

    Args:
        record: The file. ``None``: the newest run of ``cost`` in the folder for results.
        results: Folder for results, with one subfolder for each command.

    Raises:
        nanogpt_rs.predicting.cost_prediction.CostError: There is no such run, or it measured
            no costs.
    """
    from nanogpt_rs.predicting.cost_prediction import CostError
    from nanogpt_rs.records.files import newest, read
    from nanogpt_rs.records.schema import RecordError, Taken

    if record is None:
        try:
            record = newest(results / "cost")
        except RecordError as error:
            raise CostError(str(error), hint="nanogpt-rs data cost --measure") from None
    recorded = read(record)[-1]
    taken = [other for other in recorded.others if isinstance(other, Taken)]
    if not taken:
        raise CostError(f"{record}: holds no run of `nanogpt-rs data cost --measure`")
    return recorded.run, taken


def document_of(
    run: Run, model: Model, resources: Resources, predictions: Sequence[Prediction]
) -> PredictedCosts:
    """Return the JSON document of predictions, and of the model that they are made with."""
    from nanogpt_rs.commands import job_documents

    wholes = [
        job_documents.WholeCommand(engine, workers, line)
        for (engine, workers), line in model.wholes.items()
    ]
    means: dict[str, Any] = {
        name: None if value == math.inf else value for name, value in vars(resources).items()
    }
    return job_documents.PredictedCosts(
        run,
        model.stages,
        model.calls,
        tuple(wholes),
        job_documents.PlannedResources(**means),
        tuple(predictions),
    )


def print_model(run: Run, model: Model, taken: Sequence[Taken]) -> None:
    """Print the lines that were fitted to the measured texts."""
    heads = ("fixed", "per GB", "error of one run", "runs")
    columns = [layout.prose("work"), *map(layout.figures, heads)]
    table = layout.Table(columns, "time that a text takes, by its size")
    lines = [
        *((f"prepare: {name}, busy", line) for name, line in model.stages.items()),
        *((f"shards {id}, processor", line) for id, line in model.calls.items()),
        *(
            (f"prepare by {workers} of {engine}, wall clock", line)
            for (engine, workers), line in model.wholes.items()
        ),
    ]
    for name, line in lines:
        table.add(
            name,
            duration(line.fixed),
            duration(line.per_byte * 1e9),
            f"{line.spread:.1%}",
            str(line.runs),
        )
    out.show(table)
    sizes = [measured.bytes for measured in taken]
    least, most = size_in_words(min(sizes)), size_in_words(max(sizes))
    out.say(
        f"Measured from {least} to {most} on {run.machine.alias} ({run.machine.cpu}, "
        f"{counted(run.machine.cores, 'core')}), {run.began:%Y-%m-%d}, "
        "files in the system's memory."
    )


def print_predictions(resources: Resources, predictions: Sequence[Prediction]) -> None:
    """Print a table of predictions, and of the bottleneck of each stage."""
    stage_names = (stage.name for stage in predictions[0].stages)
    heads = ("text", *stage_names, "in all [95 %]", "beyond the measured")
    table = layout.Table([layout.figures(head) for head in heads], resources_in_words(resources))
    sizes = [size_in_words(prediction.size) for prediction in predictions]
    # More stages than sizes fit side by side.
    table.narrow = layout.Table([layout.prose("text"), *map(layout.figures, sizes)])
    for prediction in predictions:
        stages = [
            f"{seconds_in_words(stage.estimate.seconds)} ({stage.bound})"
            for stage in prediction.stages
        ]
        beyond = f"{digits(prediction.stretched)} times" if prediction.stretched > 1 else "-"
        whole = prediction.total
        total = seconds_in_words(whole.seconds, (whole.low, whole.high))
        table.add(size_in_words(prediction.size), *stages, total, beyond)
    for head, *cells in list(zip(heads, *table.rows, strict=True))[1:]:
        table.narrow.add(head, *cells)
    out.show(table)


def resources_in_words(resources: Resources) -> str:
    """Return the machines, the disks and the network of a prediction in words."""
    machines = f"{resources.machines} machines of " if resources.machines > 1 else ""
    words = f"{machines}{counted(resources.cores, 'core')}"
    for bytes_per_second, verb in ((resources.read, "read"), (resources.write, "written")):
        if not math.isinf(bytes_per_second):
            words += f", {digits(bytes_per_second / 1e9)} GB/s {verb}"
    return words + (
        f", {digits(resources.network / 1e9)} GB/s of network" if resources.network else ""
    )
