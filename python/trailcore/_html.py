"""HTML representations for notebooks."""

from __future__ import annotations

import datetime as _dt
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from trailcore import _text
from trailcore._values import Invalid

if TYPE_CHECKING:
    from trailcore import _native
    from trailcore._table import Table
    from trailcore._trail import Summary, TableInfo, Trail, Transaction

_SHOWN = 100


def _cell(value: Any) -> str:
    if value is None:
        return "<i>NULL</i>"
    if isinstance(value, Invalid):
        return "<i>invalid</i>"
    if isinstance(value, bytes):
        return f"<code>{escape(value[:32].hex(' '))}{'…' if len(value) > 32 else ''}</code>"
    if isinstance(value, _dt.datetime):
        return escape(value.isoformat(" "))
    return escape(str(value))


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table whose cells are already HTML."""
    titles = "".join(f"<th style='text-align:left'>{escape(title)}</th>" for title in head)
    lines = "".join("<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>"


def facts(title: str, values: Mapping[str, Any]) -> str:
    """Returns a table of names and values, without unknown values."""
    rows = [(escape(name), _cell(value)) for name, value in values.items() if value is not None and name != "path"]
    return f"<p><b>{escape(title)}</b></p>{_grid(('fact', 'value'), rows)}"


class Facts:
    """The base of reports that notebooks show as a table."""

    path: str

    def _repr_html_(self) -> str:
        return facts(self.path, vars(self))


class Checked:
    """The base of the report of a check."""

    is_whole: bool
    issues: list[Any]
    more_issues: int

    def __repr__(self) -> str:
        return _text.check(self)

    def _repr_html_(self) -> str:
        counts = {name: value for name, value in vars(self).items() if name != "issues"}
        rows = [(escape(one.kind), escape(str(one.position)), escape(one.what)) for one in self.issues[:_SHOWN]]
        issues = _grid(("issue", "position", "what"), rows) if rows else ""
        return facts("CheckReport", counts) + issues + _more(len(self.issues) - len(rows) + self.more_issues, "issues")


def _more(count: int, what: str) -> str:
    return f"<p>and {count:,} more {what}</p>" if count else ""


def change(change: _native.Change) -> str:
    """Returns a change: its position and transaction, and its columns before and after."""
    before, after = change.before or {}, change.after or {}
    names = list(dict.fromkeys([*before, *after]))
    altered = change.changed
    missing = "<i>missing</i>"
    rows = [
        (
            f"<b>{escape(name)}</b>" if name in altered else escape(name),
            _cell(before[name]) if name in before else missing,
            _cell(after[name]) if name in after else missing,
        )
        for name in names
    ]
    head = (
        f"<p><b>{escape(change.op)}</b> {escape(change.table)} at {change.position}, CSN {_cell(change.csn)}, "
        f"transaction {_cell(change.xid)}, {_cell(change.timestamp)}</p>"
    )
    if change.ddl is not None:
        return f"{head}<pre>{escape(change.ddl)}</pre>"
    return head + _grid(("column", "before", "after"), rows)


def definition(table: _native.TableDef) -> str:
    """Returns the columns of a table definition."""
    rows = [
        (
            escape(column.name),
            escape(column.kind),
            str(column.scale or ""),
            str(column.length),
            "key" if column.key else "",
        )
        for column in table.columns
    ]
    return f"<p><b>{escape(table.name)}</b></p>" + _grid(("column", "kind", "scale", "length", "key"), rows)


def tables(tables: Mapping[str, TableInfo]) -> str:
    """Returns the counts by table and operation."""
    ops = list(dict.fromkeys(op for info in tables.values() for op in info.ops))
    shown = list(tables.values())[:_SHOWN]
    rows = [
        (escape(info.name), *(f"{info.ops.get(op, 0):,}" for op in ops), f"{info.changes:,}", f"{info.bytes:,}")
        for info in shown
    ]
    return _grid(("table", *ops, "changes", "bytes"), rows) + _more(len(tables) - len(shown), "tables")


def table_info(info: TableInfo) -> str:
    """Returns the counts of a table and its definition."""
    return tables({info.name: info}) + (definition(info.definition) if info.definition is not None else "")


def summary(summary: Summary) -> str:
    """Returns the counts by table and operation."""
    span = f", {_cell(summary.times[0])} to {_cell(summary.times[1])}" if summary.times else ""
    head = f"<p>{summary.changes:,} changes in {summary.transactions:,} transactions{span}</p>"
    return head + tables(summary.tables)


def transaction(transaction: Transaction) -> str:
    """Returns the facts of a transaction, without reading it."""
    values = {name: getattr(transaction, name) for name in ("csn", "xid", "timestamp", "position", "finished", "repeats")}
    return facts("Transaction", values)


def record(record: _native.Record) -> str:
    """Returns the header and the tokens of a record, and its first bytes."""
    title = f"{record.type_name or f'type {record.type_code}'} at {record.position}, {record.length:,} bytes"
    tokens = {f"token {name}": value for name, value in record.tokens.items()}
    return facts(title, {**record.header, **tokens, "data": record.data})


def batch(batch: _native.Batch) -> str:
    """Returns the columns of a record batch."""
    rows = [(escape(name),) for name in batch.column_names]
    return f"<p><b>{escape(batch.table or 'Batch')}</b>, {len(batch):,} rows</p>" + _grid(("column",), rows)


def trail(trail: Trail, known: Summary | None) -> str:
    """Returns the files of a trail, and its counts if they have been read."""
    head = f"<p><b>{escape(repr(trail))}</b></p>"
    return head + (summary(known) if known else "<p>Not read yet: <code>summary()</code> counts its changes.</p>")


def table(table: Table) -> str:
    """Returns the columns of a table and their Arrow types."""
    rows = [(escape(name), escape(data_type)) for name, data_type in table.columns.items()]
    return f"<p><b>{escape(repr(table))}</b></p>" + _grid(("column", "Arrow type"), rows)
