from typing import List, Tuple

import numpy as np

from .frame import ColumnData

class Feature:
    name: str
    column: str
    context: bool
    is_numeric: bool
    multi_valued: bool
    has_values: bool

class Scorer:
    def __init__(self, folder: str, precision: str) -> None: ...
    def features(self) -> List[Feature]: ...
    def manifest_json(self) -> str: ...
    def score(self, rows: int, columns: List[ColumnData]) -> Tuple[np.ndarray, np.ndarray, np.ndarray]: ...
    def score_contexts(self, contexts: int, context_columns: List[ColumnData], exposures: int,
                       exposure_columns: List[ColumnData],
                       context_of: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]: ...

def apply_delta(base: str, delta: str, output: str) -> None: ...
