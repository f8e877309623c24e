"""A service that follows a trail and keeps the balance of each account, in one transaction with its position: exactly once.

    python examples/python/follow.py examples/data/big/bk balances.sqlite

It runs until it gets SIGINT or SIGTERM, and goes on exactly there when it is started again.
"""

import argparse
import signal
import sqlite3
import sys
from pathlib import Path

import trailcore as tc


class Balances:
    """The balances of accounts in SQLite, and the store of the tail's checkpoint beside them."""

    def __init__(self, file: Path) -> None:
        self.database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self.database.execute("CREATE TABLE IF NOT EXISTS balance (account TEXT PRIMARY KEY, amount TEXT)")
        self.database.execute("CREATE TABLE IF NOT EXISTS position (one INTEGER PRIMARY KEY CHECK (one = 1), place TEXT)")

    def start(self) -> str:
        row = self.database.execute("SELECT place FROM position").fetchone()
        return row[0] if row else "beginning"

    def apply(self, delivery: tc.Delivery) -> None:
        """Writes the changes and the position after them: both or neither."""
        self.database.execute("BEGIN")
        for change in delivery.changes:
            if change.op in ("insert", "update", "pk_update") and change.after and "BALANCE" in change.after:
                row = (change.after["ACCOUNT_NO"], str(change.after["BALANCE"]))
                self.database.execute("INSERT OR REPLACE INTO balance VALUES (?, ?)", row)
        self.database.execute("INSERT OR REPLACE INTO position VALUES (1, ?)", (str(delivery.end),))
        self.database.execute("COMMIT")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trail", help="the trail, such as dirdat/lt")
    parser.add_argument("database", type=Path, help="the SQLite file")
    parser.add_argument("--until", type=int, metavar="N", help="end after N changes")
    arguments = parser.parse_args()
    balances = Balances(arguments.database)
    seen = 0
    with tc.follow(arguments.trail, transactions=True, start=balances.start()) as tail:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: tail.stop())
        for item in tail:
            if isinstance(item, tc.Event):
                print(f"{item.kind}: {item.what}", file=sys.stderr)
                continue
            balances.apply(item)
            tail.acknowledge(item)
            seen += len(item.changes)
            if arguments.until and seen >= arguments.until:
                tail.stop()
    print(f"{seen} changes, up to {balances.start()}")


if __name__ == "__main__":
    main()
