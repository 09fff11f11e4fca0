"""
Calls that stop after one step, so that the cost of each step can be measured. For the same
purpose the encoders have a method `kernel`.
"""

from . import charset as charset
from typing import Any

__all__ = ["call", "storage", "utf8", "charset"]

def call(_argument: Any) -> None:
    """
    Does nothing with its argument: the cost of any call from Python.
    """

def storage(text: str) -> None:
    """
    Borrows the text as CPython stores it.
    """

def utf8(_text: str) -> None:
    """
    Asks CPython for the text as UTF-8, which beyond ASCII makes a copy the first time.
    """
