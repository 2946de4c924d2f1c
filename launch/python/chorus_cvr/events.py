"""What a run reports, as it is written to metrics.jsonl."""
from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Union


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
    """Lines of a file of JSON that grows; a line that is not whole yet waits."""

    def __init__(self, path: Union[str, "os.PathLike[str]"], *, from_end: bool = False) -> None:
        self._path = os.fspath(path)
        self._at = os.path.getsize(self._path) if from_end and os.path.exists(self._path) else 0

    def read(self) -> List[Dict[str, Any]]:
        """The lines that came since the last call."""
        if not os.path.exists(self._path):
            return []
        with open(self._path, "rb") as file:
            if os.fstat(file.fileno()).st_size < self._at:  # a run that goes on cuts what came after its checkpoint
                self._at = 0
            file.seek(self._at)
            data = file.read()
        whole = data[:data.rfind(b"\n") + 1]
        self._at += len(whole)
        return [json.loads(line) for line in whole.splitlines() if line.strip()]
