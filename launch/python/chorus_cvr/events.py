"""What a run reports, as it is written to metrics.jsonl."""
from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Set, Union


@dataclass(frozen=True)
class Event:
    """Something that a training says while it runs. ``kind`` is "progress" (a step's losses and speed), "evaluation",
    or "message" (a line of the program: a warning, or how long is left)."""

    kind: str
    step: int = 0
    epoch: int = 0
    seconds: float = 0.0  #: since the run began
    loss: float = float("nan")  #: of a step
    exposures_per_second: float = 0.0
    seconds_left: float = 0.0
    text: str = ""  #: of a message
    doubts: List[str] = field(default_factory=list)  #: signs of a mistake, each with its remedy
    report: Dict[str, Any] = field(default_factory=dict)  #: the whole line of metrics.jsonl (common/report.proto)


def event_of(report: Dict[str, Any]) -> Event:
    """The event that a line of metrics.jsonl is."""
    about: Dict[str, Any] = {"step": int(report.get("step", 0)), "epoch": int(report.get("epoch", 0)),
                             "seconds": float(report.get("seconds", 0)),
                             "doubts": list(report.get("doubt", [])), "report": report}
    progress = report.get("progress")
    if progress is None:
        return Event("evaluation", **about)
    return Event("progress", loss=float(progress["loss"]), seconds_left=float(progress["seconds_left"]),
                 exposures_per_second=float(progress["exposures_per_second"]), **about)


class Tail:
    """Lines of a file of JSON that grows; a line that is not whole yet waits. A program that begins, or goes on,
    replaces the file by one that has what it keeps of it, line for line: with ``from_end``, lines that are there now
    are not told, neither from this file nor from the one that takes its place."""

    def __init__(self, path: Union[str, "os.PathLike[str]"], *, from_end: bool = False) -> None:
        self._path = os.fspath(path)
        self._at, self._inode = 0, -1
        self._passed: Set[int] = {hash(line) for line in self._lines()} if from_end else set()

    def read(self) -> List[Dict[str, Any]]:
        """The lines that came since the last call."""
        return [json.loads(line) for line in self._lines() if hash(line) not in self._passed]

    def _lines(self) -> List[bytes]:
        try:
            with open(self._path, "rb") as file:
                about = os.fstat(file.fileno())
                if about.st_ino != self._inode or about.st_size < self._at:
                    self._at, self._inode = 0, about.st_ino
                file.seek(self._at)
                data = file.read()
        except FileNotFoundError:
            return []
        whole = data[:data.rfind(b"\n") + 1]
        self._at += len(whole)
        return [line for line in whole.splitlines() if line.strip()]
