#!/usr/bin/env python3
"""How good are the settings that fit a log? They against a random search, on the same logs and seeds.

  perf/fit/search.py CHORUS TRAIN TEST [TRAIN TEST ...] [--methods esmm,two_task,chorus_cvr] [--settings 20] [--seeds 3]
      [--finalists 3]

TRAIN, TEST: logs (TRAIN: several between commas). Several pairs are folds, over which every metric is a mean. Prints,
for each method, metrics on TEST of what `chorus train` chooses and of the best drawn setting by CTR AUC and by CTCVR
AUC, chosen on TEST itself: the search is flattered, not the choice. +- is the standard error over seeds; "lost" is the
difference to the best, of the same seeds, with its standard error. Run from the project's root.

--finalists N: only the N best of seed 1, by either metric, are trained with the other seeds, which takes a third of the
time. --also SETTING: one more setting, of words as --set takes them, which is shown on its own (repeatable).
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
JUDGES = [0, 2]  # of METRICS: by which the best setting is told


def draw(rng, method):
    """One setting of the search, as values of --set."""
    rows = rng.choice([64, 128, 256, 512, 1024, 2048, 4096])
    hidden = rng.choice(["[360,200,80]", "[128,64]", "[64,32]", "[32,16]"])
    wide = rng.choice([' wide: "inputs"', ""])
    decay = rng.choice(["CONSTANT", "LINEAR"])
    values = [
        f"step={{grain_rows: {rows // 8} grains_per_step: 8}}",
        f"data.epochs={rng.choice([1, 1, 2])}",
        f"table.0.dim={rng.choice([8, 18])}",
        f"table.0.optimizer.adagrad.lr={10 ** rng.uniform(-2, -0.3):.3g}",
        f"table.0.optimizer.adagrad.initial_accumulator={10 ** rng.uniform(-9, -1):.3g}",
        f"table.0.schedule.decay={decay}",
        f"model.tower={{hidden: {hidden}{wide}}}",
        f"model.optimizer.adam.lr={10 ** rng.uniform(-3.5, -2):.3g}",
        f"model.schedule.decay={decay}",
        f"model.start={rng.choice(['ZERO', 'BASE_RATE'])}",
    ]
    norm, floor = rng.choice(["SPACE", "EXPOSURE"]), rng.choice([0.01, 0.1, 0.3])
    if method in ("two_task", "chorus_cvr"):
        values.append(f"objective.{method}.norm={norm}")
    if method == "chorus_cvr":
        values += [f"objective.chorus_cvr.eps={floor}", f"objective.chorus_cvr.eps_un={floor}"]
    return values


def train(args, method, sets, seed):
    """Metrics of a model on the test log, or their means over folds."""
    folds = [train_fold(args, log, test, method, sets, seed) for log, test in zip(args.logs[::2], args.logs[1::2])]
    return [sum(values) / len(folds) for values in zip(*folds)]


def train_fold(args, log, test, method, sets, seed):
    with tempfile.TemporaryDirectory() as folder:
        metrics = os.path.join(folder, "metrics.jsonl")
        command = [args.chorus, "train", "--set", f"objective.{method}={{}}"]
        for value in [f"data.log={log}", f"evaluate.log={test}", f"seed={seed}",
                      f"report.metrics={metrics}", "compute.threads=1", "evaluate.group_metrics=false"] + sets:
            command += ["--set", value]
        result = subprocess.run(command, check=False, capture_output=True, text=True)
        if result.returncode != 0:  # a drawn rate may be one at which training diverges
            if not sets:
                raise SystemExit(result.stderr)
            return [math.nan] * len(METRICS)
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


def show_lost(fitted, runs):
    for m in JUDGES:
        lost, error = mean_and_error([b[m] - a[m] for a, b in zip(fitted, runs)])
        print(f"    {NAMES[m]} lost: {lost:.4f} ± {error:.4f}")


def finalists(args, first):
    """Numbers of the drawn settings that are trained with all seeds. first: metrics of seed 1, by setting."""
    numbers = [i for i, run in enumerate(first) if not math.isnan(run[JUDGES[0]])]
    if args.finalists == 0:
        return numbers
    best = set()
    for m in JUDGES:
        best.update(sorted(numbers, key=lambda i, m=m: -first[i][m])[:args.finalists])
    return sorted(best)


def search(args, method, pool):
    rng = random.Random(1)
    drawn = [draw(rng, method) for _ in range(args.settings)]
    also = [text.split() for text in args.also]
    seeds = range(1, args.seeds + 1)
    of_all = [[pool.submit(train, args, method, sets, seed) for seed in seeds] for sets in [[]] + also]
    first = [future.result() for future in [pool.submit(train, args, method, sets, 1) for sets in drawn]]
    chosen = finalists(args, first)
    rest = {i: [pool.submit(train, args, method, drawn[i], seed) for seed in seeds[1:]] for i in chosen}
    fitted, *others = [[future.result() for future in futures] for futures in of_all]
    runs = {i: [first[i]] + [future.result() for future in rest[i]] for i in chosen}

    print(f"\n{method}\n\n| setting | " + " | ".join(NAMES) + " |\n|" + "---|" * (len(NAMES) + 1))
    show("fits the log", fitted)
    for sets, of_setting in zip(also, others):
        show(" ".join(sets), of_setting)
        show_lost(fitted, of_setting)
    for m in JUDGES if runs else []:
        best = max(runs, key=lambda i, m=m: mean_and_error([run[m] for run in runs[i]])[0])
        show(f"best {NAMES[m]} of {args.settings}", runs[best])
        print("    " + " ".join(drawn[best]))
        show_lost(fitted, runs[best])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorus")
    parser.add_argument("logs", nargs="+", metavar="TRAIN TEST")
    parser.add_argument("--methods", default="esmm,two_task,chorus_cvr")
    parser.add_argument("--settings", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--finalists", type=int, default=0)
    parser.add_argument("--also", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    if len(args.logs) % 2 == 1:
        parser.error("TRAIN and TEST come in pairs")
    for method in args.methods.split(","):
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            search(args, method, pool)


if __name__ == "__main__":
    main()
