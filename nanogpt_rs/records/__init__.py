"""Records: their fields, the lines that keep them, their files, and promotion to ``results``.

``schema``, ``self_tests``, ``races`` and ``preparations`` hold the fields, ``kinds`` the list of
all kinds. ``lines`` writes and reads one line, ``files`` a whole run; ``old`` reads the formats of
earlier versions. ``durable`` writes so that a crash loses nothing, and locks folders. ``promotion``
copies finished runs to ``results``.
"""
