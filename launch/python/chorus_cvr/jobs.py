"""Logs, trainings and comparisons: the commands of the program ``chorus``, as functions."""
from __future__ import annotations

import io
import json
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Union

import numpy as np

from . import program, textproto
from .errors import NotFound
from .events import Event, Tail, event_of
from .frame import Frame
from .model import Model, Scores
from .program import Overrides, PathLike
from .text import RULES, write_text

Callback = Callable[[Event], Optional[bool]]
Logs = Union[PathLike, Sequence[PathLike]]


def _paths(paths: Logs) -> List[str]:
    return [os.fspath(paths)] if isinstance(paths, (str, os.PathLike)) else [os.fspath(path) for path in paths]


def _are_files(rows: Any) -> bool:
    if isinstance(rows, (str, os.PathLike)):
        return True
    return isinstance(rows, (list, tuple)) and all(isinstance(row, (str, os.PathLike)) for row in rows)


@contextmanager
def _text_file(text_or_path: PathLike, suffix: str) -> Iterator[str]:
    """The path of a file of settings; a text of several words or lines becomes one for a while."""
    named = os.fspath(text_or_path)
    if os.path.exists(named) or not any(mark in named for mark in "{:\n"):
        yield named
        return
    with tempfile.NamedTemporaryFile("w", suffix=suffix, encoding="utf-8") as file:
        file.write(named)
        file.flush()
        yield file.name


@dataclass(frozen=True)
class ImportedLog:
    """A log that ``import_log`` wrote. ``parts`` has its parts by name, where it was split; ``summary`` is what the
    import says of rows and cells."""

    path: str
    parts: Dict[str, str]
    summary: str

    def __fspath__(self) -> str:
        return self.path


def import_log(rows: Union[Frame, Logs], schema: PathLike, output: PathLike, *, split: str = "", split_by: str = "",
               split_by_time: str = "", like: PathLike = "", max_bad_rows: int = 0, unlabelled: bool = False,
               overrides: Optional[Overrides] = None) -> ImportedLog:
    """Makes a log of a frame, or of files (paths, directories or patterns).

    ``schema``: an ImportSchema in text format, as a file or as the text itself; ``draft_schema`` writes one for a
    frame. ``split``: "train:0.8,test:0.2" or "folds:5"; ``like``: a log whose means and deviations are taken;
    ``overrides``: fields of the schema. A frame goes to the program as text through a temporary file.
    """
    with _text_file(schema, ".schema") as schema_file:
        if _are_files(rows):
            return _import(_paths(rows), schema_file, dict(overrides or {}), output, split, split_by, split_by_time,
                           like, max_bad_rows, unlabelled)
        fields = textproto.parse(Path(schema_file).read_text(encoding="utf-8"))
        with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8", newline="") as file:
            write_text(rows, file, fields)
            file.flush()
            return _import([file.name], schema_file, {**(overrides or {}), **RULES}, output, split, split_by,
                           split_by_time, like, max_bad_rows, unlabelled)


def _import(files: List[str], schema: str, overrides: Dict[str, Any], output: PathLike, split: str, split_by: str,
            split_by_time: str, like: PathLike, max_bad_rows: int, unlabelled: bool) -> ImportedLog:
    folder = os.fspath(output)
    arguments = ["import", "--schema", schema, "--output", folder, *program.sets(overrides)]
    for option, value in (("--split", split), ("--split-by", split_by), ("--split-by-time", split_by_time),
                          ("--like", os.fspath(like))):
        if value:
            arguments += [option, value]
    if max_bad_rows:
        arguments += ["--max-bad-rows", str(max_bad_rows)]
    if unlabelled:
        arguments.append("--unlabelled")
    finished = program.run([*arguments, "--", *files])
    is_split = bool(split or split_by_time)
    parts = {part: os.path.join(folder, part) for part in sorted(os.listdir(folder))
             if is_split and os.path.isdir(os.path.join(folder, part))}
    return ImportedLog(folder, parts, finished.output + finished.errors)


@dataclass(frozen=True)
class Run:
    """A training run: a folder with ``checkpoints/`` and ``metrics.jsonl``."""

    folder: str
    stopped: bool = False  #: somebody stopped it; ``train(..., resume=True)`` goes on
    output: str = ""  #: what the program printed

    @property
    def checkpoints(self) -> str:
        return os.path.join(self.folder, "checkpoints")

    @property
    def metrics_file(self) -> str:
        return os.path.join(self.folder, "metrics.jsonl")

    def metrics(self) -> List[Dict[str, Any]]:
        """As ``metrics(run)``."""
        return metrics(self)

    def evaluate(self, log: Logs, **options: Any) -> Dict[str, Any]:
        """As ``evaluate(run, log)``."""
        return evaluate(self, log, **options)

    def predict(self, rows: Any, **options: Any) -> Scores:
        """As ``predict(run, rows)``."""
        return predict(self, rows, **options)

    def export(self, output: PathLike, **options: Any) -> str:
        """As ``export(run, output)``."""
        return export(self, output, **options)

    def model(self) -> Model:
        """The model of the newest checkpoint, in this process."""
        with tempfile.TemporaryDirectory() as folder:
            return Model.load(export(self, os.path.join(folder, "model")))


def _checkpoint(run: Union[Run, PathLike]) -> str:
    if isinstance(run, Run):
        return run.checkpoints
    folder = os.fspath(run)
    inside = os.path.join(folder, "checkpoints")
    return inside if os.path.isdir(inside) else folder


def train(config: PathLike = "", overrides: Optional[Overrides] = None, *, log: Optional[Logs] = None,
          test: Optional[Logs] = None, output: PathLike, ranks: Optional[int] = None, resume: bool = False,
          callback: Optional[Callback] = None) -> Run:
    """Trains a model; ``output`` becomes the run's folder.

    ``config``: a job in text format (common/config.proto), as a file or as the text itself; "" has all defaults.
    ``overrides``: its fields, {"model.tower.hidden": [64, 32]}. ``log`` and ``test`` are data.log and evaluate.log.
    ``ranks`` starts so many under mpirun. ``callback`` is called with each ``Event``; when it returns False the run
    saves its state and stops, as it does at KeyboardInterrupt: the result is then ``stopped``, and the same call with
    ``resume=True`` goes on.
    """
    run = Run(os.fspath(output))
    os.makedirs(run.folder, exist_ok=True)
    settings: Dict[str, Any] = {"checkpoint.directory": run.checkpoints, "report.metrics": run.metrics_file}
    if log is not None:
        settings["data.log"] = _paths(log)
    if test is not None:
        settings["evaluate.log"] = _paths(test)
    tail = Tail(run.metrics_file, from_end=True)
    going_on = True
    messages: List[str] = []

    def tell(event: Event) -> None:
        nonlocal going_on
        if callback is not None and callback(event) is False:
            going_on = False

    def tick() -> bool:
        while messages:
            tell(Event("message", text=messages.pop(0)))
        for report in tail.read():
            tell(event_of(report))
        return going_on

    with _text_file(config, ".textproto") as file:
        arguments = ["train", *(["--config", file] if file else []), *program.sets({**settings, **(overrides or {})})]
        if resume:
            arguments.append("--resume")
        finished = program.run(arguments, ranks=ranks, stops=True, tick=tick,
                               on_line=None if callback is None else messages.append)
    return Run(run.folder, finished.exit_code == program.STOPPED, finished.output)


def evaluate(run: Union[Run, PathLike], log: Logs, *, oracle: PathLike = "", best: bool = False,
             overrides: Optional[Overrides] = None, ranks: Optional[int] = None) -> Dict[str, Any]:
    """The metrics of a run's newest checkpoint (``best``: of its best one) on a log: an Evaluation of
    common/report.proto; ``["task"]`` by name under ``["tasks"]``, such as ``["tasks"]["cvr"]["auc"]``."""
    arguments = ["evaluate", "--json", "--checkpoint", _checkpoint(run), "--log", program.comma_list(_paths(log)),
                 *program.sets(overrides)]
    if os.fspath(oracle):
        arguments += ["--oracle", os.fspath(oracle)]
    if best:
        arguments.append("--best")
    finished = program.run(arguments, ranks=ranks)
    lines = [line for line in finished.output.splitlines() if line.startswith("{")]
    evaluation: Dict[str, Any] = json.loads(lines[-1])
    evaluation["tasks"] = {task["task"]: task for task in evaluation.get("task", [])}
    return evaluation


def predict(run: Union[Run, PathLike], rows: Union[Frame, Logs], *, schema: PathLike = "", best: bool = False,
            overrides: Optional[Overrides] = None, ranks: Optional[int] = None) -> Scores:
    """What a run's newest checkpoint (``best``: its best one) says of each row, in order.

    ``rows``: a frame, which an export of the checkpoint scores in this process; a log (a directory), or files of text
    as import takes them, which the program scores; rows of text that are malformed are errors.
    """
    if not _are_files(rows):
        with tempfile.TemporaryDirectory() as folder:
            return Model.load(export(run, os.path.join(folder, "model"), best=best)).score(rows)
    paths = _paths(rows)
    is_log = all(os.path.isdir(path) for path in paths)
    what = ["--log", program.comma_list(paths)] if is_log else [word for path in paths for word in ("--input", path)]
    with tempfile.TemporaryDirectory() as folder, _text_file(schema, ".schema") as schema_file:
        scores = os.path.join(folder, "scores.tsv")
        arguments = ["predict", "--checkpoint", _checkpoint(run), *what, "--output", scores, *program.sets(overrides)]
        if schema_file:
            arguments += ["--schema", schema_file]
        if best:
            arguments.append("--best")
        program.run(arguments, ranks=ranks)
        return _read_scores(scores)


def _read_scores(path: str) -> Scores:
    with open(path, encoding="utf-8") as file:
        header = file.readline().rstrip("\n").split("\t")
        places = [header.index(name) for name in ("pctr", "pcvr", "pctcvr")]
        lines = file.read()
    if not lines:
        return Scores(np.zeros(0), np.zeros(0), np.zeros(0))
    table = np.loadtxt(io.StringIO(lines), delimiter="\t", usecols=places, ndmin=2, comments=None)
    return Scores(*(np.ascontiguousarray(table[:, place]) for place in range(3)))


def export(run: Union[Run, PathLike], output: PathLike, *, best: bool = False, onnx: bool = False,
           since: PathLike = "", rows: str = "FP32") -> str:
    """Writes the model of a run's newest checkpoint (``best``: of its best one) for serving; returns the folder.
    ``onnx`` adds the layers as an ONNX model. ``since``: an earlier export of the run; what has changed since is then
    written alone, for ``Model.apply``. ``rows`` in FP16 take half of the bytes, in INT8 a quarter and 4 per row; a
    delta needs the ``rows`` that the earlier export has."""
    arguments = ["export", "--checkpoint", _checkpoint(run), "--output", os.fspath(output)]
    if os.fspath(since):
        arguments += ["--since", os.fspath(since)]
    if rows != "FP32":
        arguments += ["--rows", rows]
    program.run(arguments + (["--best"] if best else []) + (["--format", "ONNX"] if onnx else []))
    return os.fspath(output)


def metrics(run: Union[Run, PathLike]) -> List[Dict[str, Any]]:
    """The lines of a run's metrics.jsonl (common/report.proto): progress of steps, and evaluations."""
    path = run.metrics_file if isinstance(run, Run) else os.fspath(run)
    if os.path.isdir(path):
        path = os.path.join(path, "metrics.jsonl")
    if not os.path.exists(path):
        raise NotFound(f"{path}: there are no metrics")
    return Tail(path).read()


@dataclass(frozen=True)
class Comparison:
    """What ``compare`` found."""

    folder: str
    some_failed: bool  #: some runs diverged or failed; the tables are of the others
    table: str  #: table.md: methods with differences to the base, and how sure these are

    @property
    def runs(self) -> List[Dict[str, Any]]:
        """A run each (common/compare.proto): method, seed, fold, and its metrics by name under "metrics"."""
        runs = Tail(os.path.join(self.folder, "results.jsonl")).read()
        for run in runs:
            run["metrics"] = {metric["name"]: float(metric["value"]) for metric in run.get("metric", [])}
        return runs

    def to_pandas(self) -> Any:
        """A DataFrame of the runs: method, seed, fold, and a column for each metric."""
        import pandas

        return pandas.DataFrame([{"method": run["method"], "seed": int(run["seed"]), "fold": run["fold"],
                                  **run["metrics"]} for run in self.runs])


def compare(config: PathLike, output: PathLike, overrides: Optional[Overrides] = None, *, seeds: Optional[int] = None,
            methods: Sequence[str] = (), folds: Optional[int] = None, resume: bool = False,
            ranks: Optional[int] = None, callback: Optional[Callable[[str], None]] = None) -> Comparison:
    """Trains methods by seeds by folds and compares them. ``config``: a CompareConfig in text format, as a file or as
    the text itself; ``overrides``: its fields. ``callback`` hears each line of progress, on another thread."""
    folder = os.fspath(output)
    with _text_file(config, ".textproto") as file:
        arguments = ["compare", "--config", file, "--output", folder, *program.sets(overrides)]
        for option, value in (("--seeds", seeds), ("--folds", folds)):
            if value is not None:
                arguments += [option, str(value)]
        if methods:
            arguments += ["--methods", program.comma_list(methods)]
        if resume:
            arguments.append("--resume")
        finished = program.run(arguments, ranks=ranks, on_line=callback)
    table = Path(folder, "table.md")
    return Comparison(folder, finished.exit_code == program.SOME_RUNS_FAILED,
                      table.read_text(encoding="utf-8") if table.exists() else "")
