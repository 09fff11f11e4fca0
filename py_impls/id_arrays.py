"""For decoders of arrays: a check of the array of ids."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from py_impls.vocabulary import outside_vocabulary


def require_ids(ids: npt.NDArray[np.uint16], size: int) -> None:
    """Check that ``ids`` is a one-dimensional ``uint16`` array of indices into a vocabulary.

    Raises:
        TypeError: It is not such an array.
        ValueError: An id is not less than ``size``.
    """
    if not isinstance(ids, np.ndarray):
        raise TypeError(f"ids are {type(ids).__name__}, not a numpy array of uint16")
    if ids.dtype != np.uint16 or ids.ndim != 1:
        shape = f"ids are a {ids.ndim}-dimensional array of {ids.dtype}"
        wanted = "of uint16" if ids.dtype != np.uint16 else "1-dimensional"
        raise TypeError(f"{shape}, not {wanted}")
    if ids.size and ids.max() >= size:
        position = int((ids >= size).argmax())
        raise outside_vocabulary(int(ids[position]), position, size)
