"""The command line: ``trailcore`` and ``python -m trailcore``. It is the same code as the program in Rust."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from trailcore._native import cli_main

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line with these arguments, or with those of the process, and returns its exit code. SIGTERM and SIGHUP
    interrupt it as Ctrl-C does."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if argv is None:
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # nohup has it ignored, and so it stays.
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, stop)
    try:
        sys.stdout.flush()
        return cli_main(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
