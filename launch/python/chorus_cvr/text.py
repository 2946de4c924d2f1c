"""Frames as text that ``chorus import`` reads to the same values: a table with commas and quotes (RFC 4180)."""
from __future__ import annotations

import fnmatch
import math
from typing import Any, Callable, Dict, IO, Iterable, List, Optional, Tuple

import numpy as np

from .errors import InvalidArgument
from .frame import ColumnData, Frame, columns_of
from .textproto import Fields

#: --set of an import that reads what write_text wrote, whatever its schema says of other files.
RULES = {"format": "DELIMITED", "delimiter": ",", "header": True, "escape": ""}


class Separators:
    """The separators between ids, and between an id and its factor, in the columns of a schema."""

    def __init__(self, schema: Fields) -> None:
        self._slots: List[Tuple[str, str, str]] = [
            (slot.get("column", [""])[-1], slot.get("separator", [""])[-1], slot.get("value_separator", [""])[-1])
            for slot in schema.get("slot", []) if isinstance(slot, dict)]

    def of(self, column: str) -> Tuple[str, str]:
        exact = [slot for slot in self._slots if slot[0] == column]
        wild = [slot for slot in self._slots if fnmatch.fnmatchcase(column, slot[0])]
        for _, separator, value_separator in exact or wild:
            return separator, value_separator
        return "", ""


def is_missing(value: Any) -> bool:
    """None, NaN, and pandas' NA and NaT. NA has no truth value, and an array has many: neither is compared."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def cell_text(value: Any) -> str:
    """A number, a text or nothing, as a cell says it."""
    if is_missing(value):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return "1" if value else "0"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            raise InvalidArgument(f"found {value}, expected a finite number")
        return repr(float(value))
    raise InvalidArgument(f"found {type(value).__name__}, expected a number, a text, None, or a list of these")


def list_text(value: Any, separators: Tuple[str, str]) -> str:
    """A list of ids, or of pairs (id, factor), or a dict of these, as a cell says it."""
    separator, value_separator = separators
    pairs = value.items() if isinstance(value, dict) else (
        element if isinstance(element, tuple) and len(element) == 2 else (element, None) for element in value)
    pieces = []
    for element, factor in pairs:
        text = cell_text(element)
        if separator and separator in text:
            raise InvalidArgument(f"the id {text!r} holds the schema's separator {separator!r}")
        if factor is not None:
            if not value_separator:
                raise InvalidArgument("found factors of ids; the schema's slot has no value_separator")
            text += value_separator + cell_text(factor)
        if text:
            pieces.append(text)
    if len(pieces) > 1 and not separator:
        raise InvalidArgument(f"found {len(pieces)} ids; the schema's slot has no separator")
    return separator.join(pieces)


def _cells(column: ColumnData, rows: int, separators: Tuple[str, str]) -> Iterable[str]:
    if column.kind == "object":
        def text(value: Any) -> str:
            is_list = isinstance(value, (list, tuple, dict, np.ndarray))
            return list_text(value, separators) if is_list else cell_text(value)
        return _named(column.name, column.values, text)
    if column.kind == "text":
        ends, data = column.ends, column.values.tobytes()
        assert ends is not None
        values: List[Any] = [data[ends[e]:ends[e + 1]].decode("utf-8") for e in range(len(ends) - 1)]
    else:
        values = column.values.tolist()
    if column.there is not None:
        values = [value if there else None for value, there in zip(values, column.there)]
    if column.lists is None:
        return _named(column.name, values, cell_text)
    lists = column.lists
    return _named(column.name, [values[lists[row]:lists[row + 1]] for row in range(rows)],
                  lambda value: list_text(value, separators))


def _named(name: str, values: Iterable[Any], text: Callable[[Any], str]) -> Iterable[str]:
    """The text of each value; an error names column and row."""
    for row, value in enumerate(values):
        try:
            cell = text(value)
        except InvalidArgument as error:
            raise InvalidArgument(f"column '{name}': row {row}: {error}") from None
        if "\n" in cell or "\r" in cell:
            raise InvalidArgument(f"column '{name}': row {row}: found an end of line in a text; expected: none")
        yield cell if not _needs_quotes(cell) else '"' + cell.replace('"', '""') + '"'


def _needs_quotes(cell: str) -> bool:
    return "," in cell or '"' in cell


def write_text(frame: Frame, file: IO[str], schema: Optional[Fields] = None) -> int:
    """Writes a frame with its header; returns the number of rows. NaN, None and NA are empty cells, floats have all
    their digits, bools are 1 and 0, lists have the separators of the schema's slots."""
    rows, columns = columns_of(frame)
    separators = Separators(schema or {})
    names = [next(iter(_named(column.name, [column.name], str))) for column in columns]
    file.write(",".join(names) + "\n")
    cells: List[Iterable[str]] = [_cells(column, rows, separators.of(column.name)) for column in columns]
    # A line of one empty cell would be a blank one.
    for line in zip(*cells):
        file.write((",".join(line) or '""') + "\n")
    return rows


def draft_schema(frame: Frame, *, click: str, conversion: str, context: Iterable[str] = (), group: str = "",
                 row_id: str = "", time: str = "", weight: str = "", ids: Iterable[str] = (),
                 exclude: Iterable[str] = ()) -> str:
    """A schema for ``import_log`` of this frame: columns of floats are numbers, of integers and texts ids, of lists
    several ids, of dicts or lists of pairs ids with factors. ``context``: columns of the user or request; ``ids``:
    columns of floats that are ids, as integers become where some are missing."""
    _, columns = columns_of(frame)
    are_ids = set(ids)
    contexts, roles = set(context), {"click": click, "conversion": conversion, "group": group, "row_id": row_id,
                                     "time": time, "weight": weight}
    names = [column.name for column in columns]
    for what, name in [*roles.items(), *(("context", name) for name in contexts), *(("ids", name) for name in are_ids)]:
        if name and name not in names:
            raise InvalidArgument(f"{what}: there is no column '{name}'; the frame has: " + ", ".join(map(repr, names)))
    from .textproto import quoted
    lines = [f"{role}: {quoted(name)}" for role, name in roles.items() if name]
    # What groups rows may be a feature, too.
    passed_over = {click, conversion, row_id, time, weight, *exclude}
    for column in columns:
        if column.name in passed_over:
            continue
        entry = [f"column: {quoted(column.name)}"]
        kind, extra = ("slot", []) if column.name in are_ids else _kind_of(column)
        if column.name in contexts:
            entry.append("context: true")
        lines.append(f"{kind} {{ {' '.join(entry + extra)} }}")
    return "\n".join(lines) + "\n"


def _kind_of(column: ColumnData) -> Tuple[str, List[str]]:
    pairs = ['separator: "|"', 'value_separator: ":"']
    if column.kind == "object":
        sample: Dict[str, bool] = {}
        for value in column.values:
            if isinstance(value, dict):
                return "slot", pairs
            if isinstance(value, (list, tuple, np.ndarray)):
                if any(isinstance(element, tuple) for element in value):
                    return "slot", pairs
                sample["list"] = True
            elif is_missing(value):
                continue
            elif isinstance(value, (float, np.floating)):
                sample["float"] = True
            else:
                sample["other"] = True
        if sample.get("list"):
            return "slot", pairs[:1]
        return ("numeric" if sample.get("float") and not sample.get("other") else "slot"), []
    if column.lists is not None:
        return "slot", pairs[:1]
    return ("numeric" if column.kind == "float64" else "slot"), []
