"""Operations: values, lag, health, statistics, configuration and backup, from what GoldenGate writes about itself.

    import trailcore as tc

    report = tc.ops.health(["info-all.txt", "ggserr.log"])
    report.streams[0].health
    tc.ops.table(report.streams).to_polars()

An artefact is a path, or a mapping with the members of the schema `ops-request`: `{"name": "all", "text": text}`.
"""

from __future__ import annotations

import dataclasses
import datetime as _dt
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trailcore import _native
from trailcore._ops_documents import (
    AnonymiseReport,
    BackupReport,
    BundleDiff,
    BundleReport,
    ConfigDiff,
    ConfigHistory,
    DriftReport,
    ExplainReport,
    ExportReport,
    FollowReport,
    HealthAnswer,
    Inventory,
    LagReport,
    LintReport,
    MappingReport,
    PackReport,
    PurgeReport,
    ReadReport,
    Reconciliation,
    Rehearsal,
    RestorePlan,
    RetainReport,
    SignOff,
    SkipReport,
    StatsReport,
    Timeline,
    VerifyReport,
)
from trailcore._values import time_of

if TYPE_CHECKING:
    import polars
    import pyarrow

__all__ = [
    "Table",
    "anonymise",
    "backup",
    "bundle",
    "compare",
    "diff",
    "drift",
    "explain",
    "export",
    "follow",
    "health",
    "history",
    "inventory",
    "lag",
    "lint",
    "mapping",
    "pack",
    "plot",
    "purge",
    "read",
    "reconcile",
    "rehearse",
    "restore_plan",
    "retain",
    "sign_off",
    "skip",
    "stats",
    "table",
    "timeline",
    "unpack",
    "verify",
]

Artefact = str | os.PathLike[str] | Mapping[str, Any]


def _input(artefact: Artefact) -> dict[str, Any]:
    if isinstance(artefact, Mapping):
        return dict(artefact)
    return {"path": os.fspath(artefact)}


def _request(inputs: Iterable[Artefact], rounds: Iterable[Iterable[Artefact]], **more: Any) -> str:
    request: dict[str, Any] = {"inputs": [_input(one) for one in inputs]}
    request["rounds"] = [[_input(one) for one in artefacts] for artefacts in rounds]
    request.update((name, value) for name, value in more.items() if value is not None)
    return json.dumps(request)


def read(inputs: Iterable[Artefact], *, section: str | None = None, mask: bool = False) -> ReadReport:
    """Reads artefacts: their values and faults. With `section`, such as `info_all`, a text without one is refused.

    With `mask`, values in texts of messages are masked: they can be data of tables.
    """
    request: dict[str, Any] = {"inputs": [_input(one) for one in inputs], "mask": mask}
    if section is not None:
        request["section"] = section
    return ReadReport.of(json.loads(_native.call("ops.read", json.dumps(request))))


def follow(path: str | os.PathLike[str], token: str | None = None) -> FollowReport:
    """Returns the events of a log since the token of the last report, across roll-over. Giving the token acknowledges them."""
    return FollowReport.of(json.loads(_native.call("ops.follow", json.dumps({"path": os.fspath(path), "token": token}))))


def lag(inputs: Iterable[Artefact], *, count_records: bool = False) -> LagReport:
    """Returns the lag of every stream by every definition, and the backlog of every link."""
    return LagReport.of(json.loads(_native.call("ops.lag", _request(inputs, [], count_records=count_records))))


def health(
    inputs: Iterable[Artefact],
    *,
    before: Iterable[Iterable[Artefact]] = (),
    policy: Mapping[str, Any] | None = None,
    memory: Mapping[str, Any] | None = None,
    now: str | None = None,
    forget: Sequence[str] = (),
) -> HealthAnswer:
    """Returns verdicts and findings. `before` has earlier observations; `memory` is that of the last report.

    `now`, such as ``"2024-03-01T12:00:00Z"``, is the time of this observation: inputs whose `observed` is too old are found.
    `forget` names artefacts and deployments that will not come again.
    """
    request = _request(inputs, before, policy=policy, memory=memory, now=now, forget=list(forget))
    answer = _native.call("ops.health", request)
    return HealthAnswer.of(json.loads(answer))


def stats(
    inputs: Iterable[Artefact] = (),
    *,
    before: Iterable[Iterable[Artefact]] = (),
    trails: Sequence[str] = (),
    hot_keys: Mapping[str, Any] | None = None,
    apply: Mapping[str, Any] | None = None,
) -> StatsReport:
    """Returns counters, rates between the last two observations, and the contents of trails.

    `hot_keys`, such as ``{"secret": text}``, counts the keys of the trails; a report has their keyed hashes. `apply`, such as
    ``{"source": path, "target": path}``, gives percentiles of the time from commit to apply.
    """
    request = _request(inputs, before, trails=list(trails), hot_keys=hot_keys, apply=apply)
    return StatsReport.of(json.loads(_native.call("ops.stats", request)))


def reconcile(inputs: Iterable[Artefact], *, before: Iterable[Iterable[Artefact]] = ()) -> Reconciliation:
    """Compares the counts of each table along Extract, pump or path, and Replicat."""
    return Reconciliation.of(json.loads(_native.call("ops.reconcile", _request(inputs, before))))


def export(
    inputs: Iterable[Artefact],
    *,
    format: str = "prometheus",
    memory: Mapping[str, Any] | None = None,
    now: str | None = None,
) -> str:
    """Returns health and lag as text: `prometheus`, `statsd`, `json_lines` or `zabbix`."""
    answer = _native.call("ops.export", _request(inputs, [], format=format, memory=memory, now=now))
    return ExportReport.of(json.loads(answer)).text


def lint(inputs: Iterable[Artefact], *, sarif: bool = False) -> LintReport:
    """Checks parameter files, GLOBALS, command files and properties. With `sarif`, the report also has a SARIF document."""
    request = {"inputs": [_input(one) for one in inputs], "sarif": sarif}
    return LintReport.of(json.loads(_native.call("ops.lint", json.dumps(request))))


def diff(before: Iterable[Artefact], after: Iterable[Artefact]) -> ConfigDiff:
    """Compares two versions of a configuration by their meaning. Secrets are masked."""
    request = {"before": [_input(one) for one in before], "after": [_input(one) for one in after]}
    return ConfigDiff.of(json.loads(_native.call("ops.diff", json.dumps(request))))


def sign_off(before: Iterable[Artefact], after: Iterable[Artefact], *, title: str | None = None) -> SignOff:
    """Returns the text of a change for change control: fields to fill in, differences in words, effects, the way back."""
    request = {"before": [_input(one) for one in before], "after": [_input(one) for one in after], "title": title}
    return SignOff.of(json.loads(_native.call("ops.sign_off", json.dumps(request))))


def drift(files: Iterable[Artefact], *, baseline: Iterable[Artefact] = (), reports: Iterable[Artefact] = ()) -> DriftReport:
    """Compares the files with the approved ones, and with the parameters that processes run with, which their reports print."""
    request = {
        "files": [_input(one) for one in files],
        "baseline": [_input(one) for one in baseline],
        "reports": [_input(one) for one in reports],
    }
    return DriftReport.of(json.loads(_native.call("ops.drift", json.dumps(request))))


Folder = str | os.PathLike[str]


def history(path: Folder, *, most: int = 50) -> ConfigHistory:
    """Returns what changed in a configuration when, and by whom: of a folder under git, or of a backup repository."""
    return ConfigHistory.of(json.loads(_native.call("ops.history", json.dumps({"path": os.fspath(path), "most": most}))))


def mapping(
    inputs: Iterable[Artefact] = (),
    *,
    parameters: Iterable[Artefact] = (),
    tables: Sequence[str] = (),
    group: str | None = None,
) -> MappingReport:
    """Returns the tables that processes really move, each with its statement and its origins.

    `inputs` are reports, logs and output of STATS; a path may be a home. `tables` are names that exist: each is looked up.
    """
    request = {
        "inputs": [_input(one) for one in inputs],
        "parameters": [_input(one) for one in parameters],
        "tables": list(tables),
        "group": group,
    }
    return MappingReport.of(_call("ops.mapping", request))


def _call(verb: str, request: Mapping[str, Any]) -> Any:
    return json.loads(_native.call(verb, json.dumps(request)))


def _roots(roots: Iterable[Folder] | Mapping[str, Folder]) -> list[dict[str, Any]]:
    if isinstance(roots, Mapping):
        return [{"name": name, "path": os.fspath(path)} for name, path in roots.items()]
    return [{"path": os.fspath(path)} for path in roots]


def inventory(roots: Iterable[Folder] | Mapping[str, Folder]) -> Inventory:
    """Returns the files of homes or deployments, each with its use and class."""
    return Inventory.of(_call("ops.inventory", {"roots": _roots(roots)}))


def backup(
    roots: Iterable[Folder] | Mapping[str, Folder],
    repository: Folder,
    *,
    inputs: Iterable[Artefact] = (),
    secrets: bool = False,
    rebuildable: bool = False,
    full: bool = False,
    sign_key: Folder | None = None,
) -> BackupReport:
    """Takes a set: checkpoints, verified trails, checkpoints again.

    `repository` is a folder, or the URL of an object store. `inputs` have the positions of the streams. `sign_key` is a file
    with a secret key of at least 16 bytes, with which the manifest is signed.
    """
    request = {
        "roots": _roots(roots),
        "repository": os.fspath(repository),
        "inputs": [_input(one) for one in inputs],
        "secrets": secrets,
        "rebuildable": rebuildable,
        "full": full,
        "sign_key": None if sign_key is None else os.fspath(sign_key),
    }
    return BackupReport.of(_call("ops.backup", request))


def verify(path: Folder, *, keys: Iterable[Folder] = ()) -> VerifyReport:
    """Reads a set, or the last one of a repository, again: digests, records and positions.

    With `keys`, files with secret keys, the manifest has to be signed with one of them.
    """
    return VerifyReport.of(_call("ops.verify", {"path": os.fspath(path), "keys": [os.fspath(key) for key in keys]}))


def rehearse(path: Folder, scratch: Folder) -> Rehearsal:
    """Restores a set into an empty folder, and reads every trail."""
    return Rehearsal.of(_call("ops.rehearse", {"path": os.fspath(path), "scratch": os.fspath(scratch)}))


def restore_plan(path: Folder) -> RestorePlan:
    """Returns the steps of a restore as text. Nothing is run."""
    return RestorePlan.of(_call("ops.restore_plan", {"path": os.fspath(path)}))


def retain(
    repository: Folder,
    *,
    last: int = 1,
    daily: int = 0,
    weekly: int = 0,
    monthly: int = 0,
    needs: Iterable[Mapping[str, Any]] = (),
) -> RetainReport:
    """Returns which sets to keep, with reasons. `needs` are positions that must stay restorable."""
    request = {"repository": os.fspath(repository), "last": last, "daily": daily, "weekly": weekly, "monthly": monthly}
    return RetainReport.of(_call("ops.retain", {**request, "needs": [dict(need) for need in needs]}))


def pack(path: Folder, to: Folder) -> PackReport:
    """Writes a set as one file, such as `set.tar.zst`."""
    return PackReport.of(_call("ops.pack", {"path": os.fspath(path), "to": os.fspath(to)}))


def unpack(path: Folder, to: Folder) -> PackReport:
    """Writes the files of an archive into an empty folder."""
    return PackReport.of(_call("ops.unpack", {"path": os.fspath(path), "to": os.fspath(to)}))


def purge(
    inputs: Iterable[Artefact],
    *,
    readers: Iterable[Mapping[str, Any]] = (),
    complete: Sequence[str] = (),
    keep_files: int = 1,
) -> PurgeReport:
    """Returns which trail files no reader needs, with a proof for each. Nothing is removed."""
    request = {
        "inputs": [_input(one) for one in inputs],
        "readers": [dict(reader) for reader in readers],
        "complete": list(complete),
        "keep_files": keep_files,
    }
    return PurgeReport.of(_call("ops.purge", request))


def explain(
    inputs: Iterable[Artefact],
    *,
    group: str | None = None,
    parameters: Iterable[Artefact] = (),
    trails: Sequence[Folder] = (),
    defs: Folder | None = None,
    codes: str | None = None,
) -> ExplainReport:
    """Returns why processes stopped: first error, position, record, table, parameter line, and the next steps as text.

    A path of `inputs` may be a home: its logs, reports, discard files, parameter files and trails are used. `codes` has lines
    about codes of your own, ``code|role|class|meaning|check; check|source``. Nothing is run.
    """
    request = {
        "inputs": [_input(one) for one in inputs],
        "group": group,
        "parameters": [_input(one) for one in parameters],
        "trails": [os.fspath(path) for path in trails],
        "defs": None if defs is None else os.fspath(defs),
        "codes": codes,
    }
    return ExplainReport.of(_call("ops.explain", request))


def timeline(inputs: Iterable[Artefact], *, trails: Sequence[Folder] = (), group: str | None = None) -> Timeline:
    """Returns messages, discarded records and starts of all artefacts in one order, and the distances of their clocks.

    The commits of `trails` are counted by minute.
    """
    request = {"inputs": [_input(one) for one in inputs], "trails": [os.fspath(path) for path in trails], "group": group}
    return Timeline.of(_call("ops.timeline", request))


def skip(trail: Folder, seqno: int, rba: int, *, defs: Folder | None = None) -> SkipReport:
    """Returns the record at a position of a trail, the next ones, and the changes that are lost by going on there."""
    place = {"trail": os.fspath(trail), "seqno": seqno, "rba": rba, "defs": None if defs is None else os.fspath(defs)}
    return SkipReport.of(_call("ops.skip", place))


def bundle(
    inputs: Iterable[Artefact],
    to: Folder,
    *,
    group: str | None = None,
    max_bytes: int | None = None,
    records: int = 20,
) -> BundleReport:
    """Writes one file for a person elsewhere: explanation, timeline, logs, reports, parameters, and records without values.

    Secrets and values are masked; the report has what is left out, with reasons. `to` must not exist. Its form is tar; a name
    that ends with ``.zst`` is compressed.
    """
    request = {
        "inputs": [_input(one) for one in inputs],
        "to": os.fspath(to),
        "group": group,
        "max_bytes": max_bytes,
        "records": records,
    }
    return BundleReport.of(_call("ops.bundle", request))


def compare(before: Folder, after: Folder) -> BundleDiff:
    """Compares two bundles: parameters, versions, tables, causes and files."""
    return BundleDiff.of(_call("ops.compare", {"before": os.fspath(before), "after": os.fspath(after)}))


def anonymise(
    trail: Folder,
    to: Folder,
    *,
    key_file: Folder | None = None,
    equal: Iterable[Iterable[str]] = (),
    defs: Folder | None = None,
) -> AnonymiseReport:
    """Writes a trail of the same structure with other values and names, so that it can be given away, and proves it.

    `to` is a directory that must not exist; it exists only if the proof succeeds. With a `key_file` of at least 16 bytes the
    same key gives the same replacements. Each list of `equal` has columns, as ``OWNER.TABLE.COLUMN``, whose equal values stay
    equal; those of key columns do anyway. A trail that does not define its tables needs a definitions file, `defs`.
    """
    request = {
        "trail": os.fspath(trail),
        "to": os.fspath(to),
        "key_file": None if key_file is None else os.fspath(key_file),
        "equal": [list(columns) for columns in equal],
        "defs": None if defs is None else os.fspath(defs),
    }
    return AnonymiseReport.of(_call("ops.anonymise", request))


class Table:
    """Rows of a report as a table."""

    def __init__(self, rows: Sequence[Any]) -> None:
        """`rows` are dataclasses of one kind."""
        flat = [_flat(dataclasses.asdict(row)) for row in rows]
        names = dict.fromkeys(name for row in flat for name in row)
        # A nested value that one row lacks is columns in another one.
        names = {name: None for name in names if not any(other.startswith(f"{name}_") for other in names)}
        self.rows = [{name: row.get(name) for name in names} for row in flat]

    def __len__(self) -> int:
        """Returns the number of rows."""
        return len(self.rows)

    def to_arrow(self) -> pyarrow.Table:
        """Returns an Arrow table; needs pyarrow."""
        import pyarrow

        return pyarrow.Table.from_pylist(self.rows)

    def to_polars(self) -> polars.DataFrame:
        """Returns a frame of polars; needs polars."""
        import polars

        return polars.DataFrame(self.rows, infer_schema_length=None)


def table(rows: Sequence[Any]) -> Table:
    """Returns the rows of a report, such as `report.streams`, as a table. Nested values become columns or JSON."""
    return Table(rows)


def _flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}_")
        elif isinstance(value, list):
            found[prefix + name] = json.dumps(value)
        else:
            found[prefix + name] = value
    return found


def plot(reports: Iterable[LagReport], definition: str = "checkpoint") -> Any:
    """Plots the lag of each stream over several reports, in seconds; needs matplotlib. Returns its axes.

    Reports without a time have no place on the axis and are left out.
    """
    import matplotlib.pyplot

    series: dict[str, list[tuple[Any, float]]] = {}
    for report in reports:
        at = time_of(report.at)
        if not isinstance(at, _dt.datetime):
            continue
        for stream in report.streams:
            for value in stream.lags:
                if value.definition == definition:
                    series.setdefault(f"{stream.deployment}/{stream.stream}", []).append((at, value.millis / 1000))
    axes = matplotlib.pyplot.figure().subplots()
    for name, points in series.items():
        axes.plot([at for at, _ in points], [seconds for _, seconds in points], label=name)
    axes.set_ylabel(f"{definition} lag, seconds")
    axes.legend()
    return axes
