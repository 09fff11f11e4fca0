from collections.abc import Sequence
from typing import Any

def paths() -> list[str]: ...
def forward(
    path: str, heads: int, inputs: Sequence[Any], kept: Sequence[Any], out: Any
) -> None: ...
def backward(
    path: str,
    heads: int,
    inputs: Sequence[Any],
    kept: Sequence[Any],
    out_gradient: Any,
    gradients: Sequence[Any],
    scratch: Sequence[Any],
) -> None: ...
