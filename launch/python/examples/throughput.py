#!/usr/bin/env python3
"""How many exposures a second one core scores with an exported model.

  python launch/python/examples/throughput.py build/quickstart/export [--candidates 10,100]

Rows are requests with so many candidates each, of ids that are drawn anew for every request. Timed, by the processor
time of the calling thread (another program may want the core, too) and the median of several calls, are Model.score of one frame whose rows repeat their context, and of candidates with contexts
in a frame of their own; and, where the export has an ONNX model and onnxruntime is there, onnxruntime alone on inputs
that are pooled already, which is less work: no ids are looked up.
"""
import argparse
import os
import statistics
import time
from typing import Any, Callable, Dict, Iterable, List

import numpy as np

import chorus_cvr

Columns = Dict[str, Any]


def draw(features: Iterable[chorus_cvr.Feature], rows: int, ids: int, per_row: int,
         random: np.random.Generator) -> Columns:
    """A column of each feature; several ids are a list of `per_row`."""
    columns: Columns = {}
    for feature in features:
        if feature.is_numeric:
            columns[feature.column] = random.normal(size=rows)
        elif not feature.multi_valued:
            columns[feature.column] = random.integers(0, ids, rows)
        elif not feature.has_values:
            columns[feature.column] = random.integers(0, ids, (rows, per_row))
        else:
            drawn = random.integers(0, ids, (rows, per_row)).tolist()
            columns[feature.column] = [[(number, 0.5) for number in row] for row in drawn]
    return columns


def repeated(columns: Columns, times: int) -> Columns:
    return {name: np.repeat(column, times, axis=0) if isinstance(column, np.ndarray) else
            [cell for cell in column for _ in range(times)] for name, column in columns.items()}


def rate(rows: int, call: Callable[[], Any], seconds: float) -> float:
    """Rows a second: the median of the calls that fit in `seconds`, after one to warm up."""
    call()
    times: List[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        begin = time.thread_time()
        call()
        times.append(time.thread_time() - begin)
    return rows / statistics.median(times)


def onnx_rate(folder: str, model: chorus_cvr.Model, requests: int, candidates: int, seconds: float) -> float:
    """Of onnxruntime alone; NaN without it."""
    path = os.path.join(folder, "model.onnx")
    try:
        import onnxruntime
    except ImportError:
        return float("nan")
    if not os.path.exists(path):
        return float("nan")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(1)
    kinds = {about["name"]: about for about in model.manifest["onnx"]["input"]}
    feed = {}
    for described in session.get_inputs():
        about = kinds[described.name]
        rows = requests if about.get("context") else requests * candidates
        if about["kind"] == "CONTEXT_OF":
            feed[described.name] = np.repeat(np.arange(requests, dtype=np.int64), candidates)
        elif about["kind"] == "LENGTH":
            feed[described.name] = np.ones(rows, np.int64)
        else:
            shape = [rows, *described.shape[1:]]
            feed[described.name] = random.normal(size=shape).astype(np.float32)
    return rate(requests * candidates, lambda: session.run(None, feed), seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", help="what chorus export wrote")
    parser.add_argument("--candidates", default="10,100", help="of a request")
    parser.add_argument("--rows", type=int, default=20000, help="exposures a call")
    parser.add_argument("--ids", type=int, default=200, help="ids are drawn below this")
    parser.add_argument("--per-row", type=int, default=5, help="ids of a slot that has several")
    parser.add_argument("--precision", choices=["FP32", "BF16"], help="of products; default: that of the training")
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    arguments = parser.parse_args()

    model = chorus_cvr.Model.load(arguments.export, precision=arguments.precision)
    print(f"{model.method}, {len(model.features)} features; exposures a second of one core")
    print("candidates  one frame  contexts beside  onnxruntime, layers alone")
    of_context = [feature for feature in model.features if feature.context]
    of_exposure = [feature for feature in model.features if not feature.context]
    for candidates in map(int, arguments.candidates.split(",")):
        requests = max(1, arguments.rows // candidates)
        random = np.random.default_rng(candidates)
        contexts = draw(of_context, requests, arguments.ids, arguments.per_row, random)
        exposures = draw(of_exposure, requests * candidates, arguments.ids, arguments.per_row, random)
        context_of = np.repeat(np.arange(requests), candidates)
        frame = {**repeated(contexts, candidates), **exposures}
        rows = requests * candidates
        one = rate(rows, lambda: model.score(frame), arguments.seconds)
        beside = rate(rows, lambda: model.score(exposures, contexts, context_of), arguments.seconds)
        onnx = onnx_rate(arguments.export, model, requests, candidates, arguments.seconds)
        print(f"{candidates:10d}  {one:9.0f}  {beside:15.0f}  {onnx:25.0f}")


if __name__ == "__main__":
    main()
