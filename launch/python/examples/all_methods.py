#!/usr/bin/env python3
"""From a DataFrame to a table of all methods.

  python launch/python/examples/all_methods.py [rows.csv --click click --conversion sale --context user,age]

Without a file the rows are those of a small made-up shop, whose buyers click on other things than they buy. Needs
pandas. Nothing is left behind but --output.
"""
import argparse
import os

import numpy as np
import pandas as pd

import chorus_cvr

METHODS = ["base", "aman", "oversampling", "unbias", "division", "esmm_ns", "esmm", "two_task", "multi_ipw", "multi_dr",
           "escm2_ipw", "escm2_dr", "ukd", "dcmt", "ddpo", "nise", "chorus_cvr", "chorus_cvr_wo_ndm",
           "chorus_cvr_wo_sam"]


def shop(rows: int, seed: int = 1) -> pd.DataFrame:
    """Requests of users with four items each."""
    draw = np.random.default_rng(seed)
    requests = rows // 4
    user = np.repeat(draw.integers(0, 500, requests), 4)
    item = draw.integers(0, 300, rows)
    price = draw.gamma(2.0, 10.0, rows)
    world = np.random.default_rng(0)
    bait, worth, activity = world.normal(size=300), world.normal(size=300), world.normal(size=500)
    click = draw.random(rows) < 1 / (1 + np.exp(2.0 - bait[item] - 0.7 * activity[user]))
    sale = click & (draw.random(rows) < 1 / (1 + np.exp(1.0 - worth[item] + bait[item] / 2 + price / 20)))
    return pd.DataFrame({"user": user, "age": 18.0 + user % 50, "item": item, "category": [f"c{i % 12}" for i in item],
                         "price": price, "click": click, "sale": sale})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", help="CSV with a column each of clicks and conversions")
    parser.add_argument("--click", default="click")
    parser.add_argument("--conversion", default="sale")
    parser.add_argument("--context", default="user,age", help="columns of the user or request")
    parser.add_argument("--rows", type=int, default=40000, help="of the made-up shop")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--output", default="all-methods", help="new folder")
    arguments = parser.parse_args()

    frame = pd.read_csv(arguments.file) if arguments.file else shop(arguments.rows)
    schema = chorus_cvr.draft_schema(frame, click=arguments.click, conversion=arguments.conversion,
                                     context=arguments.context.split(",") if arguments.context else [])
    os.makedirs(arguments.output)
    log = chorus_cvr.import_log(frame, schema, os.path.join(arguments.output, "log"), split="train:0.8,test:0.2")
    methods = "\n".join(f'method {{ name: "{name.upper()}" objective {{ {name} {{}} }} }}' for name in METHODS)
    comparison = chorus_cvr.compare(f"""
        name: "all"
        train {{ table {{ dim: 8 }} model {{ tower {{ hidden: [32, 16] }} }} }}
        data {{ train: "{log.parts['train']}" test: "{log.parts['test']}" }}
        {methods}
        base: "ESMM"
        seeds: {arguments.seeds}""", os.path.join(arguments.output, "compared"), callback=print)
    runs = comparison.to_pandas()
    print(runs.groupby("method")[["ctr_auc", "cvr_auc", "ctcvr_auc"]].mean().sort_values("ctcvr_auc").to_string())
    print(f"\nWith differences and how sure they are: {comparison.folder}/table.md and report.html")


if __name__ == "__main__":
    main()
