#!/usr/bin/env python3
"""How good are the settings that fit a log? They against a random search, on the same logs and seeds.

  perf/fit/search.py CHORUS TRAIN TEST [--methods esmm,two_task,chorus_cvr] [--settings 20] [--seeds 3]

TRAIN, TEST: logs. Prints, for each method, metrics on TEST of what `chorus train` chooses and of the best drawn setting by
CTR AUC and by CTCVR AUC, chosen on TEST itself: the search is flattered, not the choice. +- is the standard error over
seeds; "lost" is the difference to the best, of the same seeds, with its standard error. Run from the project's root.
"""
import argparse
import concurrent.futures
import json
import math
import os
import random
import subprocess
import tempfile

METRICS = [("ctr", "auc"), ("cvr", "auc"), ("ctcvr", "auc"), ("ctr", "normalized_entropy"), ("ctr", "pcoc")]
NAMES = ["CTR AUC", "CVR AUC", "CTCVR AUC", "CTR NE", "CTR PCOC"]


def draw(rng):
    """One setting of the search, as values of --set."""
    rows = rng.choice([64, 128, 256, 512, 1024, 2048, 4096])
    towers = rng.choice(["[360,200,80]", "[128,64]", "[64,32]"])
    decay = rng.choice(["CONSTANT", "LINEAR"])
    return [
        f"step={{grain_rows: {rows // 8} grains_per_step: 8}}",
        f"data.epochs={rng.choice([1, 1, 2])}",
        f"table.0.dim={rng.choice([8, 18])}",
        f"table.0.optimizer.adagrad.lr={10 ** rng.uniform(-2, -0.3):.3g}",
        f"table.0.optimizer.adagrad.initial_accumulator={10 ** rng.uniform(-9, -1):.3g}",
        f"table.0.schedule.decay={decay}",
        f"model.tower.0.hidden={towers}",
        f"model.optimizer.adam.lr={10 ** rng.uniform(-3.5, -2.3):.3g}",
        f"model.schedule.decay={decay}",
        f"model.start={rng.choice(['ZERO', 'BASE_RATE'])}",
    ]


def train(args, method, sets, seed):
    """Metrics of a model on the test log."""
    with tempfile.TemporaryDirectory() as folder:
        metrics = os.path.join(folder, "metrics.jsonl")
        command = [args.chorus, "train", "--set", f"objective.{method}={{}}"]
        for value in [f"data.log={args.train}", f"evaluate.log={args.test}", f"seed={seed}",
                      f"report.metrics={metrics}", "compute.threads=1", "evaluate.group_metrics=false"] + sets:
            command += ["--set", value]
        subprocess.run(command, check=True, capture_output=True)
        with open(metrics, encoding="utf-8") as lines:
            found = [json.loads(line)["evaluation"] for line in lines if '"evaluation"' in line][-1]
    tasks = {task["task"]: task for task in found["task"]}
    return [tasks[task].get(metric, math.nan) for task, metric in METRICS]


def mean_and_error(values):
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1))
    return mean, spread / math.sqrt(len(values))


def show(name, runs):
    cells = ["%.4f ± %.4f" % mean_and_error([run[m] for run in runs]) for m in range(len(METRICS))]
    print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorus")
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--methods", default="esmm,two_task,chorus_cvr")
    parser.add_argument("--settings", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    rng = random.Random(1)
    settings = [[]] + [draw(rng) for _ in range(args.settings)]
    seeds = range(1, args.seeds + 1)
    for method in args.methods.split(","):
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            futures = [[pool.submit(train, args, method, sets, seed) for seed in seeds] for sets in settings]
            runs = [[future.result() for future in of_setting] for of_setting in futures]
        print(f"\n{method}\n\n| setting | " + " | ".join(NAMES) + " |\n|" + "---|" * (len(NAMES) + 1))
        show("fits the log", runs[0])
        for m in (0, 2):
            best = max(range(1, len(runs)), key=lambda i, m=m: mean_and_error([run[m] for run in runs[i]])[0])
            show(f"best {NAMES[m]} of {args.settings}", runs[best])
            print("    " + " ".join(settings[best]))
            lost = mean_and_error([b[m] - a[m] for a, b in zip(runs[0], runs[best])])
            print("    lost: %.4f ± %.4f" % lost)


if __name__ == "__main__":
    main()
