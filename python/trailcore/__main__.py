"""Runs the command line, for ``trailcore`` and ``python -m trailcore``."""

import sys

from trailcore._cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
