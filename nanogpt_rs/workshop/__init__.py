"""Tools for writing implementations: scaffold, watch, rebuild, notebook and doctor."""
