"""The program ``chorus`` as a child process: where it is, how it is started, told to stop, and heard."""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, List, Mapping, Optional, Sequence, Union

from .errors import InvalidArgument, ProgramNotFound, of_program

PathLike = Union[str, "os.PathLike[str]"]
Overrides = Mapping[str, Any]

#: Exit codes that are no errors: some runs of a comparison failed; a signal stopped a training that can go on.
SOME_RUNS_FAILED, STOPPED = 3, 75


@dataclass(frozen=True)
class Finished:
    """What a program left: its exit code (0, SOME_RUNS_FAILED or STOPPED) and what it printed."""

    exit_code: int
    output: str
    errors: str


def path() -> str:
    """The program: what the environment's CHORUS names, the one of this package, or ``chorus`` on the PATH."""
    named = os.environ.get("CHORUS")
    if named:
        if not os.access(named, os.X_OK):
            raise ProgramNotFound(f"CHORUS is {named}, which is no program")
        return named
    beside = Path(__file__).parent / "bin" / "chorus"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("chorus")
    if found is None:
        raise ProgramNotFound("there is no program chorus beside the package or on the PATH: pip install "
                              "./launch/python builds both, or set CHORUS to build/chorus")
    return found


def command_line(arguments: Sequence[str], ranks: Optional[int] = None) -> List[str]:
    """The command that runs the program, under mpirun where there are ranks."""
    command = [path(), *arguments]
    if ranks is None:
        return command
    mpirun = shutil.which("mpirun")
    if mpirun is None:
        raise ProgramNotFound("ranks: there is no mpirun on the PATH")
    as_root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    return [mpirun, "--oversubscribe", "--bind-to", "none", *as_root, "-n", str(ranks), *command]


def comma_list(elements: Sequence[str]) -> str:
    """Elements as the program splits them again."""
    for element in elements:
        if "," in element:
            raise InvalidArgument(f"found '{element}' in a list, expected paths and values without a comma: the program "
                                  "splits lists at commas")
    return ",".join(elements)


def setting(value: Any) -> str:
    """A value of ``overrides`` as --set takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return comma_list([setting(element) for element in value])
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)


def sets(overrides: Optional[Overrides]) -> List[str]:
    """{"step.grain_rows": 512} as ["--set", "step.grain_rows=512"]."""
    return [word for name, value in (overrides or {}).items() for word in ("--set", f"{name}={setting(value)}")]


class _Reader(threading.Thread):
    """Keeps the text of a pipe, and hands it on line by line. An exception of `line` waits in ``error``; the pipe is
    read to its end in any case, since a program blocks when nobody reads its output."""

    def __init__(self, pipe: Any, line: Optional[Callable[[str], None]]) -> None:
        super().__init__(daemon=True)
        self.error: Optional[BaseException] = None
        self.pipe, self.line, self.lines = pipe, line, []  # type: ignore[var-annotated]
        self.start()

    def run(self) -> None:
        for text in self.pipe:
            self.lines.append(text)
            if self.line is None or self.error is not None:
                continue
            try:
                self.line(text.rstrip("\n"))
            except BaseException as error:
                self.error = error

    def check(self) -> None:
        if self.error is not None:
            raise self.error

    def text(self) -> str:
        self.join()
        return "".join(self.lines)


def run(arguments: Sequence[str], *, ranks: Optional[int] = None, stops: bool = False,
        on_line: Optional[Callable[[str], None]] = None, tick: Optional[Callable[[], bool]] = None) -> Finished:
    """Runs the program to its end.

    ``on_line`` hears what it says on standard error, on another thread; what it raises ends the program and goes on. ``tick`` is called five times a second on this
    one; False asks the program to stop. With ``stops``, KeyboardInterrupt does so too: the program saves its state and
    ends with STOPPED; a second one ends it at once. Without, the program is ended and the exception goes on.
    Error: the exception of ``errors.of_program``.
    """
    # A session of its own: the terminal's Ctrl-C reaches this process alone, which passes it on as it should be.
    child = subprocess.Popen(command_line(arguments, ranks), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
    output, errors = _Reader(child.stdout, None), _Reader(child.stderr, on_line)
    try:
        stopping = _wait(child, stops, tick, errors)
    except BaseException:
        _end(child)
        raise
    code = child.wait()
    if stopping and code in (-signal.SIGUSR1, 128 + signal.SIGUSR1):  # it had not begun to listen
        code = STOPPED
    finished = Finished(code, output.text(), errors.text())
    errors.check()
    if tick is not None:
        tick()
    if finished.exit_code not in (0, SOME_RUNS_FAILED, STOPPED):
        raise of_program(arguments[0], finished.exit_code, finished.errors)
    return finished


def _wait(child: "subprocess.Popen[str]", stops: bool, tick: Optional[Callable[[], bool]], errors: _Reader) -> bool:
    """Until the program ends; whether it was asked to."""
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping:
            child.send_signal(signal.SIGUSR1)  # mpirun passes it on to every rank
        stopping = True

    while child.poll() is None:
        errors.check()
        try:
            if tick is not None and not tick():
                stop()
            child.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
        except KeyboardInterrupt:
            if not stops or stopping:
                raise
            stop()
    return stopping


def _end(child: "subprocess.Popen[str]") -> None:
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)  # the session that it leads
        child.wait()
