"""The command line: one function for each command, and what they share."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence

from trailcore._cli import _look, _print, _write
from trailcore._cli._options import add_limits, add_reading, add_selection, count, listed
from trailcore._cli._terminal import complain
from trailcore._errors import FilterSyntaxError, TrailError, UndecidableError, UndecidableWarning
from trailcore._native import __version__

__all__ = ["main"]

_EXIT = """\
exit codes:
  0    all was read, or the trail is whole
  1    damage, or another error; what lies before it is printed
  2    wrong arguments
  130  Ctrl-C
"""

_PLACES = "places: SEQNO:RBA, a UTC time such as 2024-03-01T12:00:00, or csn:NUMBER\n"


def _numbers(text: str) -> str | int:
    if text in ("declared", "text", "float"):
        return text
    if text.isascii() and text.isdigit():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is none of declared, text, float, or a number of digits behind the point")


class _Parser(argparse.ArgumentParser):
    """A parser whose errors look like all others."""

    def error(self, message: str) -> None:  # type: ignore[override]
        complain(message, style="red")
        print(f"`{self.prog} --help` says more", file=sys.stderr)
        raise SystemExit(2)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="trailcore",
        description="Looks into GoldenGate trails, prints them, and converts them.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"""\
examples:
  trailcore info dirdat/lt
  trailcore count dirdat/lt
  trailcore cat dirdat/lt --table 'HR.*' --ops insert,update --limit 10
  trailcore convert dirdat/lt tables/ --format parquet

{_EXIT}
trailcore is independent of Oracle. "GoldenGate" is a mark of Oracle.""",
    )
    parser.add_argument("--version", action="version", version=f"trailcore {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    def command(
        name: str, run: Callable[[argparse.Namespace], int], what: str, examples: str, more: str = ""
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name,
            help=what[0].lower() + what[1:].rstrip("."),
            description=f"{what}\n\n{more}".strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            epilog=f"examples:\n{examples}\n{_EXIT}",
        )
        made.set_defaults(run=run)
        add_reading(made)
        return made

    info = command(
        "info",
        _look.info,
        "What the header of each file tells, and which files are missing.",
        "  trailcore info dirdat/lt\n  trailcore info dirdat/lt --json\n",
    )
    info.add_argument("--json", action="store_true", help="as JSON")

    cat = command(
        "cat",
        _print.cat,
        "Prints changes, each as a line of native JSON (docs/json.md).",
        "  trailcore cat dirdat/lt --limit 10\n"
        "  trailcore cat dirdat/lt --table HR.EMP --where 'SALARY > 1000' --lenient\n"
        "  trailcore cat dirdat/lt --from 2024-03-01T12:00:00 --until csn:7824137900\n",
        _PLACES,
    )
    add_selection(cat)
    cat.add_argument("--limit", metavar="N", type=count, help="at most so many")

    counts = command(
        "count",
        _look.count,
        "Counts changes by table and operation, and transactions; says from where to where they go.",
        "  trailcore count dirdat/lt\n  trailcore count dirdat/lt --table 'HR.*' --from csn:7824137850\n",
        _PLACES,
    )
    add_selection(counts)

    records = command(
        "records",
        _print.records,
        "Prints every record as it stands: place, type, length, header fields and tokens.",
        "  trailcore records dirdat/lt --limit 5\n  trailcore records dirdat/lt --from 0:1980 --limit 1 --hex\n",
        _PLACES,
    )
    add_limits(records.add_argument_group("which records"))
    records.add_argument("--limit", metavar="N", type=count, help="at most so many")
    records.add_argument("--hex", action="store_true", help="with the bytes")

    tables = command(
        "tables",
        _look.tables,
        "Shows the tables, with columns and counts.",
        "  trailcore tables dirdat/lt\n  trailcore tables dirdat/lt --table 'HR.*'\n",
    )
    add_selection(tables)

    command(
        "check",
        _look.check,
        "Checks whether a trail is whole: damage, missing files, the order of transactions, and rows that fit their tables.",
        "  trailcore check dirdat/lt\n",
    )

    convert = command(
        "convert",
        _write.convert,
        "Writes tables to files: Parquet, CSV, Arrow IPC, or JSON lines.",
        "  trailcore convert dirdat/lt emp.parquet --table HR.EMP\n"
        "  trailcore convert dirdat/lt tables/ --format parquet\n"
        "  trailcore convert dirdat/lt tables/ --format csv --table 'HR.*' --columns ID,NAME\n"
        "  trailcore convert dirdat/lt changes.jsonl\n",
        "OUT is one file of one table (--table), or a directory that gets a file for each table, in one pass.\n"
        "Its ending says the format: .parquet, .csv, .arrow or .ipc, .jsonl or .ndjson. JSON lines may have all\n"
        "tables in one file. Where the columns of a table change in mid-trail, a new file begins: NAME.2.parquet.\n"
        "Files get their names once all of them are whole; until then they end in .partial.",
    )
    convert.add_argument("out", metavar="OUT", help="a file, or a directory (no ending, or a / at its end)")
    add_selection(convert)
    group = convert.add_argument_group("writing")
    group.add_argument("--format", choices=("parquet", "csv", "arrow", "jsonl"), help="against what the ending of OUT says")
    group.add_argument("--force", action="store_true", help="replace files that are there")
    group.add_argument("--columns", metavar="LIST", type=listed, help="only these columns, separated by commas")
    group.add_argument(
        "--layout", choices=("rows", "changes"), help="the row that a change leaves (rows, the default), or both images"
    )
    group.add_argument("--states", action="store_true", help="columns that tell NULL, missing and invalid values apart")
    group.add_argument(
        "--numbers",
        metavar="HOW",
        type=_numbers,
        help="numbers of no declared scale: as text (declared, the default; text has all so), float, or so many digits",
    )
    group.add_argument("--times", choices=("declared", "us", "ns"), help="micro- or nanoseconds instead of what is declared")
    group.add_argument("--invalid", choices=("error", "null"), help="values that cannot be decoded")
    group.add_argument("--batch-size", metavar="N", type=count, help="rows that are held in memory for each table: 65536")

    explain = command(
        "explain",
        _look.explain,
        "Says how a selection decides on each table of the trail, and what is doubtful in it.",
        "  trailcore explain dirdat/lt --table HR.EMP --where 'SALARY > 1000'\n"
        "  trailcore explain dirdat/lt --param-file dirprm/ext.prm\n",
    )
    add_selection(explain)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line with these arguments, or with the process's, and returns its exit code."""
    try:
        args = _parser().parse_args(argv)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 2
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", UndecidableWarning)
            warnings.showwarning = _warned
            code = int(args.run(args))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever reads the output has seen enough. What Python would still write at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if args.debug:
            traceback.print_exc()
        complain(_message(error), style="red")
        return _code(error)


def _warned(message: Warning | str, *_: object, **__: object) -> None:
    # What a program would do about it is not what is done here.
    complain(str(message).partition(". Pass lenient=")[0])


def _message(error: Exception) -> str:
    if isinstance(error, UndecidableError):
        return f"{error}; --lenient turns such changes away and counts them"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, (TrailError, OSError, ValueError, ImportError)):
        return str(error)
    return f"{type(error).__name__}: {error}; --debug says where"


def _code(error: Exception) -> int:
    """2 for wrong arguments: what no trail could make right."""
    wrong = isinstance(error, FilterSyntaxError) or (isinstance(error, ValueError) and not isinstance(error, TrailError))
    return 2 if wrong else 1
