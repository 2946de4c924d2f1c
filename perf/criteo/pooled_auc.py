#!/usr/bin/env python3
"""Pooled AUCs of predictions, with spread over seeds and paired differences.

    pooled_auc.py METHOD=SEED:FILE[,FILE...] ...

The files are those of all folds of one seed, as `chorus predict` writes them. Differences are from the first method.

CTR over all rows (label click), CVR over clicked rows (label conversion), CTCVR over all rows (label both).
"""
import collections
import statistics
import sys

TASKS = ("ctr", "cvr", "ctcvr")


def auc(scored):
    """Mann-Whitney, ties count half. scored: list of (score, label)."""
    scored.sort()
    positives = sum(label for _, label in scored)
    negatives = len(scored) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    wins = 0.0
    below = 0
    i = 0
    while i < len(scored):
        j = i
        tied = [0, 0]
        while j < len(scored) and scored[j][0] == scored[i][0]:
            tied[scored[j][1]] += 1
            j += 1
        wins += tied[1] * (below + 0.5 * tied[0])
        below += tied[0]
        i = j
    return wins / (positives * negatives)


def pooled(files):
    rows = {task: [] for task in TASKS}
    for name in files:
        with open(name, encoding="ascii") as lines:
            next(lines)
            for line in lines:
                _, click, conversion, pctr, pcvr, pctcvr = line.split("\t")
                o, r = int(click), int(conversion)
                rows["ctr"].append((float(pctr), o))
                rows["ctcvr"].append((float(pctcvr), o * r))
                if o:
                    rows["cvr"].append((float(pcvr), r))
    return {task: auc(rows[task]) for task in TASKS}


def main():
    results = collections.defaultdict(dict)
    for argument in sys.argv[1:]:
        method, rest = argument.split("=", 1)
        seed, files = rest.split(":", 1)
        results[method][seed] = pooled(files.split(","))
    print("| method | " + " | ".join(task.upper() + " AUC" for task in TASKS) + " | seeds |")
    print("|---|" + "---|" * (len(TASKS) + 1))
    for method, seeds in results.items():
        cells = []
        for task in TASKS:
            values = [aucs[task] for aucs in seeds.values()]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            cells.append(f"{statistics.mean(values):.4f} ± {spread:.4f}")
        print(f"| {method} | " + " | ".join(cells) + f" | {len(seeds)} |")
    base = next(iter(results))
    for method, seeds in results.items():
        if method == base:
            continue
        shared = [seed for seed in seeds if seed in results[base]]
        for task in TASKS:
            differences = [seeds[s][task] - results[base][s][task] for s in shared]
            spread = statistics.stdev(differences) if len(differences) > 1 else 0.0
            print(f"{method} - {base}, {task}: {statistics.mean(differences):+.4f} "
                  f"(sd over seeds {spread:.4f}, paired)")


if __name__ == "__main__":
    main()
