#!/usr/bin/env python3
"""The floor of every model: logistic regression (scikit-learn) on the one-hot, hashed ids of a log.

  perf/fit/regression.py CHORUS TRAIN TEST [--penalty C --output PREDICTIONS]

TRAIN, TEST: logs (several between commas), which `chorus export-log` turns to text. CTR is learnt on all exposures, CVR on clicked ones, CTCVR as
conversions of all exposures and as the product of the two. Prints AUCs on TEST for each penalty; the best of each column
is chosen on TEST itself, so that the regression is flattered. Numeric columns are standardised, as they are in the log.
--output writes predictions as `chorus predict` does, for perf/criteo/pooled_auc.py; pCTCVR is the product there.
"""
import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile

import numpy
from scipy.sparse import hstack
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

NOT_FEATURES = {"row_id", "click", "conversion", "weight", "group", "time"}
PENALTIES = [0.03, 0.1, 0.3, 1.0]  # C of scikit-learn: smaller is stronger


def features_of(row, columns, numeric):
    for name, cell in zip(columns, row):
        if name in NOT_FEATURES or cell == "":
            continue
        if name in numeric:
            yield name, float(cell)
            continue
        for token in cell.split(","):
            key, _, value = token.partition(":")
            yield f"{name}={key}", float(value) if value else 1.0


def read(chorus, log, folder):
    """Features, clicks and conversions of a log."""
    text, schema = os.path.join(folder, "log.tsv"), os.path.join(folder, "log.schema")
    subprocess.run([chorus, "export-log", *log.split(","), "--output", text, "--schema-output", schema], check=True,
                   capture_output=True)
    with open(schema, encoding="utf-8") as lines:
        numeric = set(re.findall(r'numeric\s*\{[^}]*?(?:name|column):\s*"([^"]+)"', lines.read()))
    with open(text, encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        columns = next(rows)
        labels, features = [], []
        click, conversion = columns.index("click"), columns.index("conversion")
        for row in rows:
            labels.append((row[click] == "1", row[click] == "1" and row[conversion] == "1"))
            features.append(list(features_of(row, columns, numeric)))
    os.remove(text)
    os.remove(schema)
    hashed = FeatureHasher(n_features=2 ** 20, input_type="pair", alternate_sign=False).transform(features)
    bias = numpy.ones((hashed.shape[0], 1))
    labels = numpy.array(labels)
    return hstack([hashed, bias]).tocsr(), labels[:, 0], labels[:, 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorus")
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--penalty", type=float)
    parser.add_argument("--output")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        x, o, r = read(args.chorus, args.train, folder)
        x_test, o_test, r_test = read(args.chorus, args.test, folder)

    def fit(rows, labels, penalty):
        if labels[rows].all() or not labels[rows].any():
            sys.exit("the labels of the training log are all alike")
        model = LogisticRegression(C=penalty, solver="liblinear").fit(x[rows], labels[rows])
        return model.predict_proba(x_test)[:, 1]

    everything = numpy.arange(len(o))
    clicked = numpy.flatnonzero(o)
    print("| C | CTR AUC | CVR AUC | CTCVR AUC, direct | CTCVR AUC, product |\n|---|---|---|---|---|")
    for penalty in [args.penalty] if args.penalty else PENALTIES:
        ctr, cvr, ctcvr = fit(everything, o, penalty), fit(clicked, r, penalty), fit(everything, r, penalty)
        aucs = [roc_auc_score(o_test, ctr), roc_auc_score(r_test[o_test], cvr[o_test]),
                roc_auc_score(r_test, ctcvr), roc_auc_score(r_test, ctr * cvr)]
        print(f"| {penalty} | " + " | ".join(f"{auc:.4f}" for auc in aucs) + " |", flush=True)
    if args.output:
        with open(args.output, "w", encoding="ascii") as out:
            print("row", "click", "conversion", "pctr", "pcvr", "pctcvr", sep="\t", file=out)
            for i in range(len(o_test)):
                print(i, int(o_test[i]), int(r_test[i]), ctr[i], cvr[i], ctr[i] * cvr[i], sep="\t", file=out)


if __name__ == "__main__":
    main()
