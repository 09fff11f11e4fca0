"""The ruler: what is measured, on what, and what the right answer is.

Everything here imports the standard library only: asv imports this package from HEAD into the
environment of every commit it measures, and one import that fails there ends its whole discovery.
"""
