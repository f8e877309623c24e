"""Pipelines: move the changes of a trail on. docs/pipelines.md has their form, and the guarantees of each sink."""

from __future__ import annotations

import json
import os
from typing import Any

from trailcore import _native
from trailcore._closing import Closing

__all__ = ["Pipelines"]


class Pipelines(Closing[_native.Pipelines]):
    """Running pipelines, each of which moves the changes of a trail on to files, another trail or tables, exactly once.

    docs/pipelines.md has the form of `toml`, and the guarantees of each sink. What the pipelines meet after the start is in
    their `status`. Closing them stops them, after a commit of what was read.

    >>> import tempfile, trailcore as tc
    >>> toml = f'''
    ... [[pipeline]]
    ... name = "postings"
    ... trail = "examples/data/big/bk"
    ... select = "TABLE BANK.POSTINGS;"
    ... [[pipeline.sink]]
    ... kind = "parquet"
    ... path = "{tempfile.mkdtemp()}"
    ... '''
    >>> with tc.Pipelines(toml) as pipelines:
    ...     pipelines.drain()
    ...     pipelines.status[0]["lanes"][0]["changes"]
    52
    """

    def __init__(self, toml: str | os.PathLike[str]) -> None:
        """Starts the pipelines of a TOML text, or of a file if it is a path object.

        Raises `ValueError` for a text that is not valid.
        """
        text = toml
        if not isinstance(text, str):
            with open(text, encoding="utf-8") as file:
                text = file.read()
        self._native = _native.Pipelines(text)

    @property
    def status(self) -> list[dict[str, Any]]:
        """How each pipeline is: ``docs/schema/pipeline-status.json``."""
        status: list[dict[str, Any]] = self._call("status")["pipelines"]
        return status

    def pause(self, pipeline: str | None = None) -> None:
        """Commits what was read, and reads no further, in one pipeline or in all."""
        self._call("pause", pipeline=pipeline)

    def resume(self, pipeline: str | None = None) -> None:
        """Goes on after a pause, and tries again after a failure, in one pipeline or in all."""
        self._call("resume", pipeline=pipeline)

    def drain(self, pipeline: str | None = None) -> None:
        """Moves one pipeline or all to the end of what is there now, and stops. Raises the error that has ended a pipeline."""
        # In short waits, so that Ctrl-C is seen and other threads can ask for the status.
        while not self._call("drain", pipeline=pipeline, within=100)["has_ended"]:
            pass

    def stop(self, pipeline: str | None = None) -> None:
        """Commits what was read in one pipeline or in all, and stops. Raises the error that has ended a pipeline."""
        self._call("stop", pipeline=pipeline)

    def apply(self, toml: str, *, healthy_within: float = 10.0, who: str = "python") -> dict[str, list[str]]:
        """Exchanges the pipelines for others: stops and starts only what differs, and returns that.

        Raises `ValueError` if the others are not valid, and `TrailError` if they are not healthy after `healthy_within`
        seconds: the old ones run then.
        """
        applied: dict[str, list[str]] = self._call("apply", toml=toml, healthy_within=round(healthy_within * 1000), who=who)
        return applied

    def _call(self, verb: str, **request: Any) -> Any:
        given = {name: value for name, value in request.items() if value is not None}
        return json.loads(self._native.call(verb, json.dumps(given)))
