"""Counts the words of a text."""

from wordcount.rust import count

__all__ = ["count"]
