"""Frames as the native module reads them: arrays of numbers, texts, and lists of these.

A frame is a pandas DataFrame, a pyarrow Table or RecordBatch, or a mapping of names to arrays or lists. Neither pandas
nor pyarrow is imported here unless the caller has used it already.
"""
from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Callable, Collection, List, Mapping, Optional, Tuple

import numpy as np

from .errors import InvalidArgument

Frame = Any  # pandas.DataFrame | pyarrow.Table | Mapping[str, numpy.ndarray | list]


@dataclass
class ColumnData:
    """A column for the native module. ``kind`` "object": ``values`` are Python objects; else ``values`` has the
    elements of all rows ("int64", "uint64", "float64"), or their bytes ("text", element e is
    ``values[ends[e]:ends[e + 1]]``). Row r has the elements ``lists[r]`` to ``lists[r + 1]``, or one."""

    name: str
    kind: str
    values: Any
    there: Optional[np.ndarray] = None
    ends: Optional[np.ndarray] = None
    lists: Optional[np.ndarray] = None


def names_of(frame: Frame) -> List[str]:
    """The names of a frame's columns."""
    if isinstance(frame, Mapping):
        return [str(name) for name in frame]
    if _is_arrow(frame):
        return list(frame.schema.names)
    if hasattr(frame, "columns") and hasattr(frame, "iloc"):
        return [str(name) for name in frame.columns]
    raise InvalidArgument(f"found {type(frame).__name__}, expected a pandas DataFrame, a pyarrow Table, or a mapping "
                          "of column names to arrays")


def rows_of(frame: Frame) -> int:
    """The number of a frame's rows."""
    if not isinstance(frame, Mapping):
        return int(frame.num_rows) if _is_arrow(frame) else len(frame)
    lengths = {str(name): len(column) for name, column in frame.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"'{name}' {length}" for name, length in lengths.items())
        raise InvalidArgument(f"columns have unequal numbers of rows: {shown}")
    return next(iter(lengths.values()), 0)


def columns_of(frame: Frame, wanted: Optional[Collection[str]] = None) -> Tuple[int, List[ColumnData]]:
    """The rows of a frame, and its columns of the names `wanted` (None: all)."""
    names, rows, column_at = names_of(frame), rows_of(frame), _column_at(frame)
    return rows, [_of_any(name, column_at(place)) for place, name in enumerate(names)
                  if wanted is None or name in wanted]


def _column_at(frame: Frame) -> Callable[[int], Any]:
    """What gives a frame's columns by their places."""
    if isinstance(frame, Mapping):
        return list(frame.values()).__getitem__
    return frame.column if _is_arrow(frame) else lambda place: frame.iloc[:, place]


def _is_arrow(frame: Any) -> bool:
    pyarrow = sys.modules.get("pyarrow")
    return pyarrow is not None and isinstance(frame, (pyarrow.Table, pyarrow.RecordBatch))


def _of_any(name: str, column: Any) -> ColumnData:
    if isinstance(column, np.ndarray):
        return _of_numpy(name, column)
    pyarrow, pandas = sys.modules.get("pyarrow"), sys.modules.get("pandas")
    if pyarrow is not None and isinstance(column, (pyarrow.Array, pyarrow.ChunkedArray)):
        return _of_arrow(name, column)
    if pandas is not None and isinstance(column, (pandas.Series, pandas.api.extensions.ExtensionArray)):
        return _of_pandas(name, pandas.Series(column))
    return ColumnData(name, "object", column if isinstance(column, (list, tuple)) else list(column))


def _of_numpy(name: str, array: np.ndarray) -> ColumnData:
    if array.ndim == 2:  # so many ids a row
        column = _of_numpy(name, np.ascontiguousarray(array).reshape(-1))
        column.lists = np.arange(array.shape[0] + 1, dtype=np.int64) * array.shape[1]
        if column.kind != "object":
            return column
        return ColumnData(name, "object", array.tolist())
    if array.ndim != 1:
        raise InvalidArgument(f"column '{name}': found an array of {array.ndim} dimensions, expected 1, or 2 for lists")
    kind = array.dtype.kind
    if kind == "b" or kind == "i" or (kind == "u" and array.dtype.itemsize < 8):
        return ColumnData(name, "int64", np.ascontiguousarray(array, dtype=np.int64))
    if kind == "u":
        return ColumnData(name, "uint64", np.ascontiguousarray(array, dtype=np.uint64))
    if kind == "f":
        return ColumnData(name, "float64", np.ascontiguousarray(array, dtype=np.float64))
    if kind in "UO":
        return ColumnData(name, "object", array.tolist())
    if kind == "S":
        return ColumnData(name, "object", np.char.decode(array, "utf-8").tolist())
    raise InvalidArgument(f"column '{name}': found {array.dtype}, expected numbers, texts or lists; "
                          "make dates numbers or texts first")


def _of_pandas(name: str, series: Any) -> ColumnData:
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return _of_numpy(name, series.to_numpy())
    if hasattr(dtype, "pyarrow_dtype"):
        return _of_arrow(name, series.array.__arrow_array__())
    if hasattr(dtype, "numpy_dtype") and dtype.numpy_dtype.kind in "biuf":  # numbers some of which may be missing
        there = (~series.isna()).to_numpy()
        column = _of_numpy(name, series.to_numpy(dtype=dtype.numpy_dtype, na_value=0))
        column.there = there.astype(np.uint8)
        return column
    return _of_numpy(name, series.astype(object).to_numpy())


def _of_arrow(name: str, column: Any) -> ColumnData:
    import pyarrow as pa
    import pyarrow.types as types

    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], type=column.type)
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if types.is_null(kind):
        return ColumnData(name, "int64", np.zeros(len(column), np.int64), there=np.zeros(len(column), np.uint8))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _of_arrow_lists(name, column)
    if types.is_map(kind):
        return ColumnData(name, "object", column.to_pylist())
    there = column.is_valid().to_numpy(zero_copy_only=False).astype(np.uint8) if column.null_count else None
    if types.is_string(kind) or types.is_large_string(kind):
        return _of_arrow_texts(name, column, there)
    if types.is_boolean(kind) or types.is_integer(kind):
        kind_name = "uint64" if kind == pa.uint64() else "int64"
        filled = column.fill_null(False if types.is_boolean(kind) else 0) if there is not None else column
        values = np.ascontiguousarray(filled.to_numpy(zero_copy_only=False), dtype=kind_name)
        return ColumnData(name, kind_name, values, there=there)
    if types.is_floating(kind):
        values = np.ascontiguousarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
        return ColumnData(name, "float64", values, there=there)
    raise InvalidArgument(f"column '{name}': found {kind}, expected numbers, texts, or lists or maps of these")


def _of_arrow_texts(name: str, column: Any, there: Optional[np.ndarray]) -> ColumnData:
    import pyarrow as pa

    column = column.cast(pa.large_string())
    _, offsets, data = column.buffers()
    ends = np.zeros(1, np.int64)
    if len(column):
        ends = np.frombuffer(offsets, np.int64, len(column) + 1, column.offset * 8)
    values = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return ColumnData(name, "text", values, there=there, ends=ends)


def _of_arrow_lists(name: str, column: Any) -> ColumnData:
    import pyarrow.compute as compute

    elements = _of_arrow(name, column.flatten())  # of lists that are not null
    if elements.lists is not None or elements.kind == "object":
        return ColumnData(name, "object", column.to_pylist())
    lengths = compute.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    elements.lists = np.zeros(len(column) + 1, np.int64)
    np.cumsum(lengths, out=elements.lists[1:])
    return elements
