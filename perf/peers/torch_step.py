#!/usr/bin/env python3
"""The model of step_perf's one-hot log in PyTorch on the CPU: ChorusCVR, 23 tables of dimension 18,
three towers 360-200-80, step 4096, Adagrad on the tables, Adam on the towers.

Ids follow the same power law as step_perf's and lie in memory before the clock starts: reading costs
nothing here, and does there. One line of JSON comes out. Needs torch and numpy only.
"""

import argparse
import json
import time

import numpy as np
import torch
import torch.nn.functional as F

SLOTS, DIM, ROWS = 23, 18, 4096
EXPONENT = 1.05  # P(rank k) ~ k^-EXPONENT, as perf/support/random_log.h
EPS = 0.01       # floors of the propensities


def random_ids(generator, ids_per_slot, batches):
    """[batches, SLOTS, ROWS] ids; frequent ones are spread over the table, as hashing spreads them."""
    ranks = np.arange(1, ids_per_slot + 1, dtype=np.float64)
    cumulative = np.cumsum(ranks**-EXPONENT)
    cumulative /= cumulative[-1]
    draws = np.searchsorted(cumulative, generator.random((batches, SLOTS, ROWS)))
    permutation = generator.permutation(ids_per_slot)
    return torch.from_numpy(permutation[np.minimum(draws, ids_per_slot - 1)])


def tower():
    layers, width = [], SLOTS * DIM
    for hidden in (360, 200, 80):
        layers += [torch.nn.Linear(width, hidden), torch.nn.ReLU()]
        width = hidden
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, 1))


def product_cross_entropy(a, b, label):
    """-y log(p_a p_b) - (1 - y) log(1 - p_a p_b), from logits."""
    log_p = F.logsigmoid(a) + F.logsigmoid(b)
    log_q = torch.log(-torch.expm1(log_p.clamp(max=-1e-7)))
    return -(label * log_p + (1 - label) * log_q)


def chorus_cvr_loss(a, b, u, click, conversion):
    """The nine terms of the ChorusCVR paper (eqs. 2-11), each over its own space."""
    entropy = F.binary_cross_entropy_with_logits
    n, clicked = click.numel(), click.sum().clamp(min=1)
    unclicked = (n - click.sum()).clamp(min=1)
    p_a, p_b, p_u = (torch.sigmoid(x).detach() for x in (a, b, u))
    w = click * (1 / p_a).clamp(max=1 / EPS) / clicked
    v = (1 - click) * (1 / (1 - p_a)).clamp(max=1 / EPS) / unclicked
    both = w + v  # the alignment terms of the two spaces have the same labels
    return (entropy(a, click) +
            product_cross_entropy(a, b, click * conversion).mean() +
            product_cross_entropy(a, u, click * (1 - conversion)).mean() +
            (w * entropy(b, conversion, reduction="none")).sum() +
            (w * entropy(u, 1 - conversion, reduction="none")).sum() +
            (both * entropy(b, 1 - p_u, reduction="none")).sum() +
            (both * entropy(u, 1 - p_b, reduction="none")).sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--warm-up", type=int, default=8)
    parser.add_argument("--ids-per-slot", type=int, default=1000000)
    parser.add_argument("--batches", type=int, default=32, help="distinct ones, used in turn")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    torch.set_flush_denormal(True)

    generator = np.random.default_rng(1)
    ids = random_ids(generator, options.ids_per_slot, options.batches)
    click = torch.from_numpy((generator.random((options.batches, ROWS)) < 0.04).astype(np.float32))
    conversion = click * torch.from_numpy(
        (generator.random((options.batches, ROWS)) < 0.05).astype(np.float32))

    tables = [torch.nn.Embedding(options.ids_per_slot, DIM, sparse=True) for _ in range(SLOTS)]
    for table in tables:
        torch.nn.init.normal_(table.weight, std=0.01)
    towers = torch.nn.ModuleList(tower() for _ in range(3))
    rows_optimizer = torch.optim.Adagrad([table.weight for table in tables], lr=0.02,
                                         initial_accumulator_value=0.1)
    dense_optimizer = torch.optim.Adam(towers.parameters(), lr=0.001)

    parts = {"forward": 0.0, "backward": 0.0, "optimizer": 0.0}
    begin = cpu_begin = 0.0
    for step in range(options.warm_up + options.steps):
        if step == options.warm_up:
            parts = dict.fromkeys(parts, 0.0)
            begin, cpu_begin = time.perf_counter(), time.process_time()
        batch = step % options.batches
        start = time.perf_counter()
        x = torch.cat([table(ids[batch, s]) for s, table in enumerate(tables)], dim=1)
        a, b, u = (tower_of(x).squeeze(1) for tower_of in towers)
        loss = chorus_cvr_loss(a, b, u, click[batch], conversion[batch])
        parts["forward"] += time.perf_counter() - start
        start = time.perf_counter()
        rows_optimizer.zero_grad(set_to_none=True)
        dense_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        parts["backward"] += time.perf_counter() - start
        start = time.perf_counter()
        rows_optimizer.step()
        dense_optimizer.step()
        parts["optimizer"] += time.perf_counter() - start
    seconds = (time.perf_counter() - begin) / options.steps
    cpu_seconds = (time.process_time() - cpu_begin) / options.steps
    if not np.isfinite(loss.item()):
        raise SystemExit("torch_step: the loss is not finite")
    print(json.dumps({
        "bench": "torch_step", "threads": options.threads, "steps": options.steps,
        "exposures_per_s": round(ROWS / seconds), "step_ms": round(seconds * 1e3, 3), "cpu_ms": round(cpu_seconds * 1e3, 3),
        "parts_ms": {k: round(v / options.steps * 1e3, 3) for k, v in parts.items()},
        "loss": round(loss.item(), 5), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
