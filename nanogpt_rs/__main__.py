"""``python -m nanogpt_rs`` is the command ``nanogpt-rs``.

With ``-m`` Python puts the working folder first on ``sys.path``. It is removed from there, because
a ``model.py`` of the user's own would otherwise be taken for our ``model``.
"""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]

    from nanogpt_rs.cli import main

    main()
