"""``torch.unique`` of the code points: sorts all of them, then drops most."""

from __future__ import annotations

import numpy as np
import torch

from py_impls.code_points import code_points


def charset(text: str) -> set[str]:
    """Return the distinct characters of ``text``.

    Raises:
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    codes = torch.from_numpy(code_points(text).astype(np.int32))
    return set(map(chr, codes.unique().tolist()))
