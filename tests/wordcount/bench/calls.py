"""What is compared in a pull request. Each copy of this file uses the package beside it."""

import wordcount
import wordcount.plain


def make():
    return ("to be or not to be " * 1000,)


def rust(text):
    return wordcount.count(text)


def python(text):
    return wordcount.plain.count(text)
