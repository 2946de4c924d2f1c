"""An exported model in this process."""
from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple, Union

import numpy as np

from . import _native
from .errors import InvalidArgument, NotFound
from .frame import ColumnData, Frame, columns_of, names_of


@dataclass(frozen=True)
class Feature:
    """A column that a model reads."""

    name: str  #: in the model
    column: str  #: in the text or frame that the model was trained on; mostly the same
    context: bool  #: a column of the context (user, request), else of the exposure (candidate)
    is_numeric: bool  #: a number a row; else ids
    multi_valued: bool  #: a row may have any number of ids
    has_values: bool  #: each id has a factor


@dataclass(frozen=True)
class Scores:
    """What a model says of each row; arrays of float64, in the order of the rows."""

    pctr: np.ndarray  #: probability of a click
    pcvr: np.ndarray  #: probability of a conversion after a click (a ratio of DIVISION or AMAN may exceed 1)
    pctcvr: np.ndarray  #: of both: their product

    def __len__(self) -> int:
        return len(self.pctr)

    def to_pandas(self, index: Any = None) -> Any:
        """A DataFrame with the columns pctr, pcvr and pctcvr."""
        import pandas

        return pandas.DataFrame({"pctr": self.pctr, "pcvr": self.pcvr, "pctcvr": self.pctcvr}, index=index)


class Model:
    """A model that ``chorus export`` wrote, loaded into this process. Any number of threads may score at the same time:
    the interpreter's lock is free while they do."""

    def __init__(self, folder: Union[str, "os.PathLike[str]"], precision: Optional[str] = None) -> None:
        self.folder = os.fspath(folder)
        self._precision = precision or ""
        self._scorer = _native.Scorer(self.folder, self._precision)
        self.features: Tuple[Feature, ...] = tuple(
            Feature(f.name, f.column, f.context, f.is_numeric, f.multi_valued, f.has_values)
            for f in self._scorer.features())
        self._manifest: Optional[Dict[str, Any]] = None

    @classmethod
    def load(cls, folder: Union[str, "os.PathLike[str]"], *, precision: Optional[str] = None) -> "Model":
        """Reads an export and checks every file against its checksum. Errors name the file: ``NotFound``,
        ``DataLoss`` (damaged, or of another export), ``FailedPrecondition`` (another format).

        ``precision`` of matrix products is that of the training unless "FP32" or "BF16" is asked for. BF16 is up to
        twice as fast, needs a CPU with AVX512-BF16 or AMX, and rounds what products read to 8 bits: scores differ by
        some parts in a thousand."""
        return cls(folder, precision)

    def apply(self, delta: Union[str, "os.PathLike[str]"], output: Union[str, "os.PathLike[str]"]) -> None:
        """Serves the later model that ``export(run, delta, since=model.folder)`` tells of: writes its whole export to
        the new folder ``output``, loads and checks it, and takes it from then on. Calls of other threads that are
        under way end with the earlier model; where something is wrong, the earlier one stays."""
        _native.apply_delta(self.folder, os.fspath(delta), os.fspath(output))
        self._scorer = _native.Scorer(os.fspath(output), self._precision)
        self.folder, self._manifest = os.fspath(output), None

    @property
    def manifest(self) -> Dict[str, Any]:
        """manifest.json (common/export.proto)."""
        if self._manifest is None:
            self._manifest = json.loads(self._scorer.manifest_json())
        return self._manifest

    @property
    def method(self) -> str:
        """"CHORUS_CVR", "ESMM", ..."""
        return str(self.manifest["method"])

    @property
    def step(self) -> int:
        """The training step that the model is of."""
        return int(self.manifest["step"])

    def score(self, frame: Frame, contexts: Optional[Frame] = None,
              context_of: Optional[Sequence[int]] = None) -> Scores:
        """Scores every row of a frame, by the rules of the model's import (missing markers, transforms, max_ids).

        ``frame`` has a column for each of ``features``, in any order and of these types; further ones are passed over:

        - ids: integers, floats that hold integers, texts; NaN, None and NA are missing
        - several ids (``multi_valued``): lists of ids, or texts as the model was trained on ("3|17")
        - ids with factors (``has_values``): dicts {id: factor}, lists of pairs (id, factor), or texts ("3:0.5|17:2")
        - numbers: integers or floats, or texts

        Neighbouring rows whose context columns are equal share a context, which is computed once. With
        ``contexts``, a frame of the context columns alone, row i of ``frame`` has the context ``context_of[i]``.
        """
        if (contexts is None) != (context_of is None):
            raise TypeError("score: contexts and context_of belong together")
        if contexts is None:
            rows, columns = self._columns(frame, list(self.features))
            return Scores(*self._scorer.score(rows, columns))
        numbers = np.asarray(context_of)
        if numbers.ndim != 1 or (numbers.size > 0 and numbers.dtype.kind not in "iu"):
            raise InvalidArgument(f"context_of: found an array of {numbers.dtype} with {numbers.ndim} dimensions, "
                                  "expected integers, one for each row")
        index = np.ascontiguousarray(numbers, dtype=np.int64)
        of_context = self._columns(contexts, [f for f in self.features if f.context])
        of_exposure = self._columns(frame, [f for f in self.features if not f.context])
        return Scores(*self._scorer.score_contexts(*of_context, *of_exposure, index))

    @staticmethod
    def _columns(frame: Frame, features: List[Feature]) -> Tuple[int, List[ColumnData]]:
        """The columns of these features, by their names in the training text or, all of them, in the model."""
        of_frame = names_of(frame)
        there: Set[str] = set(of_frame)
        columns, names = {f.column for f in features}, {f.name for f in features}
        for wanted in (columns, names):
            if wanted <= there:
                return columns_of(frame, wanted)
        missing = min(columns - there, names - there, key=len)
        ordered = [name for f in features for name in (f.column, f.name) if name in missing]
        raise NotFound("there is no column " + ", ".join(f"'{name}'" for name in dict.fromkeys(ordered)) +
                       "; the frame has: " + (", ".join(f"'{name}'" for name in of_frame) or "none"))

    def __repr__(self) -> str:
        return f"<chorus_cvr.Model {self.method} of step {self.step}, {len(self.features)} features>"
