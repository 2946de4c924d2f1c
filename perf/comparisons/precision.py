#!/usr/bin/env python3
"""Do products in bfloat16 change what is learnt? From the runs of configs/compare/precision.textproto:
per method, mean and standard deviation over seeds with FP32, and of the paired difference BF16 - FP32.

  perf/comparisons/precision.py [FOLDER]        (default: build/precision/compared)
"""

import json
import pathlib
import statistics
import sys

METRICS = (
    ("CTR AUC", lambda e: e["task"]["ctr"]["auc"], 4),
    ("CVR AUC", lambda e: e["task"]["cvr"]["auc"], 4),
    ("CTCVR AUC", lambda e: e["task"]["ctcvr"]["auc"], 4),
    ("AUC D", lambda e: e["oracle"]["D"]["auc"], 4),
    ("CTR PCOC", lambda e: e["task"]["ctr"]["pcoc"], 3),
    ("CVR PCOC", lambda e: e["task"]["cvr"]["pcoc"], 3),
)


def last_evaluation(run):
    """Of its tasks and oracle's spaces by name."""
    found = None
    for line in open(run / "metrics.jsonl"):
        found = json.loads(line).get("evaluation", found)
    return {"task": {t["task"].lower(): t for t in found["task"]},
            "oracle": {s["space"]: s for s in found.get("oracle", [])}}


def value_of(metric, evaluation):
    try:
        return metric(evaluation)
    except KeyError:
        return None


def seeds_of(folder, method):
    return {run.name: last_evaluation(run) for run in sorted((folder / "runs" / method).iterdir())}


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/precision/compared")
    methods = [run.name for run in sorted((folder / "runs").iterdir()) if not run.name.endswith("-BF16")]
    print("| method | " + " | ".join(f"{name}, FP32 | BF16 less FP32" for name, _, _ in METRICS) + " |")
    print("|" + "---|" * (1 + 2 * len(METRICS)))
    scaled = {name: [] for name, _, _ in METRICS}
    for method in methods:
        exact, rounded = seeds_of(folder, method), seeds_of(folder, method + "-BF16")
        cells = [method]
        for name, metric, digits in METRICS:
            pairs = [(value_of(metric, exact[s]), value_of(metric, rounded[s])) for s in exact]
            if any(value is None for pair in pairs for value in pair):
                cells += ["-", "-"]
                continue
            values = [a for a, _ in pairs]
            less = [b - a for a, b in pairs]
            spread = statistics.stdev(values)
            cells.append(f"{statistics.mean(values):.{digits}f} ± {spread:.{digits}f}")
            cells.append(f"{statistics.mean(less):+.{digits}f} ± {statistics.stdev(less):.{digits}f}")
            if statistics.stdev(less) > 0:
                scaled[name].append(statistics.mean(less) / (statistics.stdev(less) / len(less)**0.5))
        print("| " + " | ".join(cells) + " |")
    for name, values in scaled.items():
        if values:
            worst = max(values, key=abs)
            print(f"{name}: {len(values)} methods, t of the paired difference: mean {statistics.mean(values):+.2f},"
                  f" furthest {worst:+.1f}", file=sys.stderr)


if __name__ == "__main__":
    main()
