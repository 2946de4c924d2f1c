"""What can go wrong, as exceptions. Their texts are Chorus's own: file, column or field, what was found and what was
expected."""
from __future__ import annotations

import re
from typing import Dict, Optional, Type


class Error(Exception):
    """Anything that Chorus refuses or cannot do. ``code`` is Chorus's name of the kind of error ("DataLoss")."""

    code = "Internal"


class InvalidArgument(Error, ValueError):
    """The input is wrong: a setting, a cell, a column of the wrong type."""

    code = "InvalidArgument"


class NotFound(Error, LookupError):
    """A file, a folder or a column that should be there is not."""

    code = "NotFound"


class DataLoss(Error):
    """A file is damaged or cut, or belongs to another export or checkpoint."""

    code = "DataLoss"


class FailedPrecondition(Error):
    """The state does not allow it: another format, a folder that is not empty, a second writer."""

    code = "FailedPrecondition"


class ProgramNotFound(Error):
    """There is no program ``chorus`` beside the package, in CHORUS, or on the PATH."""

    code = "NotFound"


class ProgramFailed(Error):
    """The program ended with an error that has no class of its own. ``exit_code`` is negative for a signal;
    ``output`` has the last lines that it printed."""

    exit_code: int = 1
    output: str = ""


_CLASSES: Dict[str, Type[Error]] = {
    kind.code: kind for kind in (InvalidArgument, NotFound, DataLoss, FailedPrecondition)
}


def of_status(code: str, message: str) -> Error:
    """The exception for an error of the native module."""
    error = _CLASSES.get(code, Error)(message)
    error.code = code
    return error


def of_program(command: str, exit_code: int, errors: str) -> Error:
    """The exception for a program that ended with `exit_code` and printed `errors`: its last word, "chorus import:
    InvalidArgument: ...", says what it is."""
    said: Optional[re.Match[str]] = None
    for said in re.finditer(r"^chorus [a-z]*: ([A-Z][A-Za-z]+): ((?:.|\n(?!chorus ))*)", errors, re.MULTILINE):
        pass
    last_lines = "\n".join(errors.strip().splitlines()[-20:])
    if said is not None:
        error = _CLASSES.get(said[1], ProgramFailed)(said[2].strip())
        error.code = said[1]
    elif exit_code == 2:
        error = InvalidArgument(last_lines or f"chorus {command}: wrong command line")
    else:
        how = f"was killed by signal {-exit_code}" if exit_code < 0 else f"ended with exit code {exit_code}"
        error = ProgramFailed(f"chorus {command} {how}" + (f":\n{last_lines}" if last_lines else ""))
    if isinstance(error, ProgramFailed):
        error.exit_code, error.output = exit_code, last_lines
    return error
