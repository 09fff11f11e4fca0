"""
A call stopped early, so that what each step costs can be told. What is built from a vocabulary has
a method `kernel` for the same purpose.
"""

from . import charset as charset
from typing import Any

__all__ = ["call", "storage", "utf8", "charset"]

def call(_argument: Any) -> None:
    """
    Does nothing with what it is given: what a call from Python costs by itself.
    """

def storage(text: str) -> None:
    """
    Borrows the text as CPython stores it.
    """

def utf8(_text: str) -> None:
    """
    Asks CPython for the text as UTF-8, which beyond ASCII makes a copy, the first time.
    """
