"""Lazy scans: polars and pyarrow ask for columns and rows, and only these are decoded."""

from __future__ import annotations

import decimal
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from trailcore import _native
from trailcore._errors import ColumnValueError, caller, requested_at
from trailcore._select import Select
from trailcore._table import Table, needed

if TYPE_CHECKING:
    import polars

__all__ = ["dataset", "scan"]


class _Fixed:
    """A table whose schema is read once, for consumers that plan before they read."""

    def __init__(self, table: Table) -> None:
        stream = table._open()
        # A column that the first rows make wide stays so, also for columns and rows that are requested later.
        self.table = table._with(wide=stream.wide_columns)
        self.empty = stream.empty()
        self.definition = stream.definition
        self.fields = stream.fields

    def open(self, names: Iterable[str] | None, select: Select | None = None) -> _native.Table:
        """Opens a stream of these columns, of the selected rows."""
        table = self.table if names is None else self.table._only(names, self.fields)
        if select is not None:
            table = table._narrowed(select)
        stream = table._open()
        types = {name: data_type for name, data_type, _ in self.fields}
        changed = [name for name, data_type, _ in stream.fields if types.get(name, data_type) != data_type]
        if changed:
            raise ColumnValueError(
                f"the types of {', '.join(changed)} are too narrow for values after the first rows; pass wide={changed}"
            )
        return stream


def scan(table: Table) -> polars.LazyFrame:
    """Returns a lazy frame of a table."""
    pl = needed("polars", "polars")
    fixed, place = _Fixed(table), caller()

    def source(
        columns: list[str] | None, predicate: polars.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[polars.DataFrame]:
        names = None if columns is None else list(columns)
        if names is not None and predicate is not None:
            names += [name for name in predicate.meta.root_names() if name not in names]
        # The first rows are those before the predicate.
        select = None if predicate is None or n_rows is not None else pushed(fixed, predicate)
        with requested_at(place):
            stream = fixed.open(names, select)
        left = n_rows
        while left != 0:
            batch = stream.next_batch()
            if batch is None:
                break
            frame = pl.DataFrame(batch)
            if left is not None:
                frame = frame.head(left)
                left -= frame.height
            if predicate is not None:
                frame = frame.filter(predicate)
            yield frame if columns is None else frame.select(columns)
        if select is not None:
            _check_causes(table, stream.report)

    from polars.io.plugins import register_io_source

    lazy: polars.LazyFrame = register_io_source(source, schema=pl.DataFrame(fixed.empty).schema)
    return lazy


# Rows that a pushed comparison may reject without an error: NULL and missing are null in a frame, and polars drops them.
_NULL_REASONS = {"a column is NULL", "a column is not in the record"}


def _check_causes(table: Table, report: Mapping[str, Any]) -> None:
    """Raises an error for values that would have been one, had the selection not rejected their rows."""
    if table._options.get("invalid") == "null" or table._options.get("states"):
        return
    for cause in report["causes"]:
        if cause["reason"] not in _NULL_REASONS:
            raise ColumnValueError(
                f"column {', '.join(cause['columns'])} of {table.name}: a value cannot be decoded; pass invalid='null'"
            )


# Push-down of a predicate: GoldenGate's own tests, where they keep every row that polars keeps.

_NAME = re.compile(r"[A-Z][A-Z0-9_$#]*")
_TABLE = re.compile(r"[A-Z][A-Z0-9_$#]*(\.[A-Z][A-Z0-9_$#]*){1,2}")
_TESTS = {"Eq": "=", "Gt": ">", "GtEq": ">=", "Lt": "<", "LtEq": "<="}
_OPS = {"insert", "update", "pk_update", "delete", "truncate"}


def pushed(fixed: _Fixed, predicate: polars.Expr) -> Select | None:
    """Returns a selection of all rows that the predicate may accept; `None` if there is none but all rows.

    Nothing is pushed below a selection of the trail: its counts would be mixed up.
    """
    table, definition = fixed.table, fixed.definition
    options = table._options
    if (
        table._reading.select is not None
        or definition is None
        or not _TABLE.fullmatch(definition.name)
        or options.get("layout", "rows") != "rows"
        or options.get("fill", "none") != "none"
        or options.get("on_schema_change", "error") != "error"
    ):
        return None
    try:
        tree = json.loads(predicate.meta.serialize(format="json"), parse_float=decimal.Decimal)
    except Exception:
        # The format is polars' own, and may change.
        return None
    kinds = {column.name: column.kind for column in definition.columns}
    op = f"{options.get('prefix', '_')}op"
    tests: list[str] = []
    ops: set[str] | None = None
    for node, part in _conjuncts(tree, predicate):
        wanted = _ops(node, part, op)
        if wanted is not None:
            ops = wanted if ops is None else ops & wanted
        elif (test := _test(node, kinds)) is not None:
            tests.append(test)
    return selection(definition.name, tests, ops)


def selection(table: str, tests: list[str], ops: set[str] | None) -> Select | None:
    """Returns the selection of the rows of a table that pass all tests, and have one of the operations; `None` if it would be
    all rows, or if the table's name needs quotes."""
    ops = _OPS if ops is None else ops & _OPS
    if not _TABLE.fullmatch(table) or (not tests and ops == _OPS):
        return None
    # If no operation is left, the rows of one are as few as can be selected.
    return Select(table, where=" AND ".join(tests) or None, ops=sorted(ops or {"truncate"}), lenient=True)


def _conjuncts(tree: Any, expression: polars.Expr) -> Iterator[tuple[Any, polars.Expr]]:
    """Yields the parts that must all be true."""
    node = tree.get("BinaryExpr") if isinstance(tree, dict) else None
    if isinstance(node, dict) and node.get("op") in ("And", "LogicalAnd"):
        inputs = expression.meta.pop()
        if len(inputs) == 2:
            by_tree = {str(_tree(one)): one for one in inputs}
            for side in (node["left"], node["right"]):
                part = by_tree.get(str(side))
                if part is not None:
                    yield from _conjuncts(side, part)
        return
    yield tree, expression


def _tree(expression: polars.Expr) -> Any:
    return json.loads(expression.meta.serialize(format="json"), parse_float=decimal.Decimal)


def _ops(node: Any, part: polars.Expr, op: str) -> set[str] | None:
    """Returns the operations of ``_op == …`` and ``_op.is_in(…)``; `None` for another test."""
    match node:
        case {"BinaryExpr": {"left": {"Column": name}, "op": "Eq", "right": {"Literal": {"Scalar": {"String": word}}}}}:
            return {word} & _OPS if name == op else None
        case {"Function": {"input": [{"Column": name}, {"Literal": _}], "function": {"Boolean": {"IsIn": _}}}} if name == op:
            words = _values(part)
            return None if words is None else words & _OPS
    return None


def _values(part: polars.Expr) -> set[str] | None:
    """Returns the texts of the literal list of ``is_in``."""
    pl = needed("polars", "polars")
    literals = [one for one in part.meta.pop() if not one.meta.root_names()]
    if len(literals) != 1:
        return None
    values = pl.select(literals[0]).to_series().to_list()
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return set(flat) if all(isinstance(item, str) for item in flat) else None


def _test(node: Any, kinds: Mapping[str, str]) -> str | None:
    """Returns the comparison of a column and a literal in GoldenGate's language; `None` for another test."""
    match node:
        case {"BinaryExpr": {"left": {"Column": name}, "op": op, "right": {"Literal": {"Scalar": scalar}}}}:
            pass
        case _:
            return None
    sign = _TESTS.get(op)
    if sign is None or not isinstance(scalar, dict) or len(scalar) != 1:
        return None
    return comparison(name, sign, scalar["String"] if "String" in scalar else _number(scalar), kinds.get(name))


def comparison(name: str, sign: str, value: object, kind: str | None) -> str | None:
    """Returns the comparison of a column of this kind and a value in GoldenGate's language; `None` if it may decide otherwise
    than the consumer."""
    if not _NAME.fullmatch(name):
        return None
    if kind == "text":
        # Oracle's empty text is NULL, and blanks at the end may count or not.
        usable = sign == "=" and isinstance(value, str) and value.isprintable() and value.strip() == value != ""
        return f"""("{name}" = '{str(value).replace("'", "''")}')""" if usable else None
    if kind in ("integer", "decimal") and isinstance(value, (int, decimal.Decimal)) and not isinstance(value, bool):
        return f'("{name}" {sign} {decimal.Decimal(value):f})'
    return None


def _number(scalar: Mapping[str, Any]) -> int | decimal.Decimal | None:
    """Returns the exact value of a literal; `None` if it is not an integer or a decimal."""
    match scalar:
        case {"Decimal": [int(value), _, int(scale)]}:
            return decimal.Decimal(value).scaleb(-scale, decimal.Context(prec=80))
    ((kind, value),) = scalar.items()
    return value if re.fullmatch("U?Int[0-9]+", kind) and isinstance(value, int) else None


# A dataset of pyarrow.


def dataset(table: Table) -> Any:
    """Returns a dataset of a table."""
    pyarrow = needed("pyarrow", "pandas")
    import pyarrow.dataset as ds

    fixed = _Fixed(table)
    schema = pyarrow.schema(fixed.empty)

    def scanner(
        self: Any, columns: Any = None, filter: Any = None, batch_size: int | None = None, **options: Any
    ) -> ds.Scanner:
        """Returns a scanner that decodes the requested columns and those of the filter, which may be projections."""
        names = _needed_names(schema.names, columns, filter)
        stream = fixed.open(names)
        stream.interrupts_again()
        reader = pyarrow.RecordBatchReader.from_stream(stream)
        chosen = list(schema.names) if columns is None else columns
        known = {"use_threads", "memory_pool", "batch_readahead"} & options.keys()
        return ds.Scanner.from_batches(reader, columns=chosen, filter=filter, **{name: options[name] for name in known})

    def to_table(self: Any, *args: Any, **options: Any) -> Any:
        """Returns all rows of a scan."""
        scan = self.scanner(*args, **options)
        batches = []
        # The loop is Python's, and not one of C as in `list`, so that Ctrl-C ends it: Arrow reads in other threads.
        for batch in scan.to_batches():
            batches.append(batch)
        return pyarrow.Table.from_batches(batches, scan.projected_schema)

    members: dict[str, Any] = {
        "__doc__": "The rows of one table of a trail: a dataset for pyarrow and DuckDB. Each scan reads the trail again, and "
        "decodes only the columns that it needs.",
        "__init__": lambda self: None,
        "__reduce__": lambda self: (dataset, (table,)),
        "__repr__": lambda self: f"<TrailDataset {table.name}: {', '.join(schema.names)}>",
        "schema": property(lambda self: schema, doc="The schema of all columns."),
        "scanner": scanner,
        "to_table": to_table,
        "to_batches": lambda self, *args, **options: self.scanner(*args, **options).to_batches(),
        "head": lambda self, num_rows, *args, **options: self.scanner(*args, **options).head(num_rows),
        "count_rows": lambda self, filter=None, **options: sum(map(len, self.scanner([], filter).to_batches())),
    }
    # The class of Arrow has no object of C++ here: what is not defined above would read it.
    for name in dir(ds.Dataset):
        if name not in members and not name.startswith("__"):
            members[name] = property(_refused(name))
    made = type("TrailDataset", (ds.Dataset,), members)
    return made()


def _refused(name: str) -> Any:
    def refuse(self: Any) -> NoReturn:
        raise NotImplementedError(f"a dataset of a trail has no {name}; use to_table()")

    return refuse


def _needed_names(known: list[str], columns: Any, filter: Any) -> list[str] | None:
    """Returns the columns that a scan reads; `None` for all of them."""
    if columns is None:
        return None
    projections = list(columns.values()) if isinstance(columns, Mapping) else list(columns)
    plain = [one for one in projections if isinstance(one, str)]
    # An expression has no list of its columns, but its text has their names.
    texts = [str(one) for one in [*projections, filter] if one is not None and not isinstance(one, str)]
    if any(not re.fullmatch(r"\w+", name) for name in known) and texts:
        return None
    return [name for name in known if name in plain or any(name in text for text in texts)]
