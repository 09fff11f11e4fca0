"""How busy the machine was during all cells of a run, from how busy it was during each."""

from __future__ import annotations

from collections.abc import Collection

from nanogpt_rs.records.schema import Cell, Meanwhile


def together(cells: Collection[Cell]) -> Meanwhile | None:
    """Return how busy the machine was while these cells were measured; ``None`` if unknown.

    Shares are means weighted by time. Cells measured together hold the same ``Meanwhile``,
    which counts once.
    """
    watched = list({cell.meanwhile for cell in cells if cell.meanwhile is not None})
    if not watched:
        return None
    seconds = sum(meanwhile.seconds for meanwhile in watched)

    def mean(name: str) -> float | None:
        shares: list[float | None] = [getattr(meanwhile, name) for meanwhile in watched]
        parts = [
            share * meanwhile.seconds
            for share, meanwhile in zip(shares, watched, strict=True)
            if share is not None
        ]
        return sum(parts) / seconds if len(parts) == len(watched) else None

    loads = [load for meanwhile in watched for load in meanwhile.load or ()]
    return Meanwhile(
        seconds=seconds,
        load=(min(loads), max(loads)) if loads else None,
        steal=mean("steal"),
        busy=mean("busy"),
    )
