"""Helps whoever writes an implementation: scaffold, watch, rebuild, notebook and doctor."""
