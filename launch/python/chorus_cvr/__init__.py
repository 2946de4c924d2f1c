"""Chorus from Python: logs of frames, trainings, and scores of exported models. README.md beside the sources.

Scoring (``Model``) runs in this process; everything else starts the program ``chorus``. Importing this package imports
neither pandas nor pyarrow, and loads no MPI.
"""
from .errors import (DataLoss, Error, FailedPrecondition, InvalidArgument, NotFound, ProgramFailed, ProgramNotFound)
from .events import Event
from .jobs import (Comparison, ImportedLog, Run, compare, evaluate, export, import_log, metrics, predict, train)
from .model import Feature, Model, Scores
from .text import draft_schema

__all__ = ["Comparison", "DataLoss", "Error", "Event", "FailedPrecondition", "Feature", "ImportedLog",
           "InvalidArgument", "Model", "NotFound", "ProgramFailed", "ProgramNotFound", "Run", "Scores", "compare",
           "draft_schema", "evaluate", "export", "import_log", "metrics", "predict", "train"]
