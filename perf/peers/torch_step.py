#!/usr/bin/env python3
"""The model of step_perf's one-hot log in PyTorch on the CPU: ChorusCVR, 23 tables of dimension 18,
three towers 360-200-80, step 4096, Adagrad on the tables, Adam on the towers.

Ids follow the same power law as step_perf's and are in memory before the clock starts: reading costs
nothing here, but it does there. The output is one line of JSON. It needs only torch and numpy.

--tables embedding: torch.nn.Embedding(sparse=True) and torch.optim.Adagrad, as a user would write it.
--tables dedup: by hand, what a careful user would: a step's ids are made unique, their rows gathered
once, and Adagrad updates those rows alone.
--tables tbe: FBGEMM's table-batched embeddings, which TorchRec trains with; their Adagrad is fused into
the backward pass, which makes rows unique itself. Needs the package fbgemm_gpu-cpu.
--precision bf16: torch.autocast. --compile: torch.compile of towers and losses; --warm-up covers it.
"""

import argparse
import contextlib
import json
import time

import numpy as np
import torch
import torch.nn.functional as F

SLOTS, DIM, ROWS = 23, 18, 4096
EXPONENT = 1.05  # P(rank k) ~ k^-EXPONENT, as perf/support/random_log.h
EPS = 0.01       # floors of the propensities
ROW_RATE, ACCUMULATOR = 0.02, 0.1


def random_ids(generator, ids_per_slot, shape):
    """Ids of one slot's law; frequent ones are spread over the table, as hashing spreads them."""
    ranks = np.arange(1, ids_per_slot + 1, dtype=np.float64)
    cumulative = np.cumsum(ranks**-EXPONENT)
    cumulative /= cumulative[-1]
    draws = np.searchsorted(cumulative, generator.random(shape))
    permutation = generator.permutation(ids_per_slot)
    return torch.from_numpy(permutation[np.minimum(draws, ids_per_slot - 1)])


class Towers(torch.nn.Module):
    """Three towers; their first layers, which read the same, are one product, as a careful user would write it."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(SLOTS * DIM, 3 * 360)
        self.tops = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.Linear(360, 200), torch.nn.ReLU(), torch.nn.Linear(200, 80),
                                torch.nn.ReLU(), torch.nn.Linear(80, 1)) for _ in range(3))

    def forward(self, x):
        units = F.relu(self.first(x))
        return [top(part).squeeze(1) for top, part in zip(self.tops, units.split(360, dim=1))]


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


class Embeddings:
    """A table a slot, sparse gradients, the library's Adagrad."""

    def __init__(self, ids_per_slot):
        self.tables = [torch.nn.Embedding(ids_per_slot, DIM, sparse=True) for _ in range(SLOTS)]
        for table in self.tables:
            torch.nn.init.normal_(table.weight, std=0.01)
        self.optimizer = torch.optim.Adagrad([table.weight for table in self.tables], lr=ROW_RATE,
                                             initial_accumulator_value=ACCUMULATOR)

    def look_up(self, ids):
        self.optimizer.zero_grad(set_to_none=True)
        return torch.cat([table(ids[s]) for s, table in enumerate(self.tables)], dim=1)

    def update(self):
        self.optimizer.step()


class Deduplicated:
    """One table of all slots, of which a step reads and updates each row once."""

    def __init__(self, ids_per_slot, slots=SLOTS):
        self.weight = torch.empty(slots * ids_per_slot, DIM).normal_(std=0.01)
        self.squares = torch.full_like(self.weight, ACCUMULATOR)
        self.offsets = (torch.arange(SLOTS) * ids_per_slot).unsqueeze(1)

    def look_up(self, ids):
        self.unique, inverse = torch.unique(ids + self.offsets, return_inverse=True)
        self.rows = self.weight.index_select(0, self.unique).requires_grad_()
        return self.rows.index_select(0, inverse.t().reshape(-1)).view(ROWS, SLOTS * DIM)

    @torch.no_grad()
    def update(self):
        gradient = self.rows.grad
        squares = self.squares.index_select(0, self.unique).addcmul_(gradient, gradient)
        self.squares.index_copy_(0, self.unique, squares)
        rows = self.rows.detach().addcdiv_(gradient, squares.sqrt_().add_(1e-10), value=-ROW_RATE)
        self.weight.index_copy_(0, self.unique, rows)


class TableBatched:
    """All slots in one operator of FBGEMM's. Its tables are multiples of 4 wide: 18 become 20."""

    def __init__(self, ids_per_slot):
        from fbgemm_gpu.split_embedding_configs import EmbOptimType
        from fbgemm_gpu.split_table_batched_embeddings_ops_common import EmbeddingLocation, PoolingMode
        from fbgemm_gpu.split_table_batched_embeddings_ops_training import (
            ComputeDevice, SplitTableBatchedEmbeddingBagsCodegen)
        width = (DIM + 3) // 4 * 4
        self.tables = SplitTableBatchedEmbeddingBagsCodegen(
            [(ids_per_slot, width, EmbeddingLocation.HOST, ComputeDevice.CPU)] * SLOTS,
            optimizer=EmbOptimType.EXACT_ADAGRAD, learning_rate=ROW_RATE, eps=1e-10,
            pooling_mode=PoolingMode.SUM)
        self.tables.init_embedding_weights_uniform(-0.017, 0.017)
        self.offsets = torch.arange(SLOTS * ROWS + 1)

    def look_up(self, ids):
        return self.tables(ids.reshape(-1), self.offsets)  # [ROWS, SLOTS * width]

    def update(self):
        pass


def parse(parser, batches):
    """The options that the programs of this folder share, beside what `parser` has; some of them take effect."""
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--warm-up", type=int, default=8)
    parser.add_argument("--ids-per-slot", type=int, default=1000000)
    parser.add_argument("--batches", type=int, default=batches, help="distinct ones, used in turn")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    torch.set_flush_denormal(True)
    return options


def random_labels(generator, batches):
    """Clicks and conversions, [batches, ROWS] each."""
    click = torch.from_numpy((generator.random((batches, ROWS)) < 0.04).astype(np.float32))
    return click, click * torch.from_numpy((generator.random((batches, ROWS)) < 0.05).astype(np.float32))


def rounding_of(options):
    return torch.autocast("cpu", dtype=torch.bfloat16) if options.precision == "bf16" else contextlib.nullcontext()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", choices=("embedding", "dedup", "tbe"), default="embedding")
    options = parse(parser, 32)
    generator = np.random.default_rng(1)
    ids = random_ids(generator, options.ids_per_slot, (options.batches, SLOTS, ROWS))
    click, conversion = random_labels(generator, options.batches)

    kinds = {"embedding": Embeddings, "dedup": Deduplicated, "tbe": TableBatched}
    tables = kinds[options.tables](options.ids_per_slot)
    towers = Towers()
    try:
        dense_optimizer = torch.optim.Adam(towers.parameters(), lr=0.001, fused=True)
    except (RuntimeError, TypeError):  # before 2.4 not on the CPU
        dense_optimizer = torch.optim.Adam(towers.parameters(), lr=0.001)
    rounding = rounding_of(options)

    def loss_of(x, click, conversion):
        x = x.view(ROWS, SLOTS, -1)[:, :, :DIM].reshape(ROWS, SLOTS * DIM)  # of columns that are there
        with rounding:
            logits = towers(x)
        return chorus_cvr_loss(*(logit.float() for logit in logits), click, conversion)

    if options.compile:
        loss_of = torch.compile(loss_of)

    parts = {"forward": 0.0, "backward": 0.0, "optimizer": 0.0}
    begin = cpu_begin = 0.0
    for step in range(options.warm_up + options.steps):
        if step == options.warm_up:
            parts = dict.fromkeys(parts, 0.0)
            begin, cpu_begin = time.perf_counter(), time.process_time()
        batch = step % options.batches
        start = time.perf_counter()
        loss = loss_of(tables.look_up(ids[batch]), click[batch], conversion[batch])
        parts["forward"] += time.perf_counter() - start
        start = time.perf_counter()
        dense_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        parts["backward"] += time.perf_counter() - start
        start = time.perf_counter()
        tables.update()
        dense_optimizer.step()
        parts["optimizer"] += time.perf_counter() - start
    seconds = (time.perf_counter() - begin) / options.steps
    cpu_seconds = (time.process_time() - cpu_begin) / options.steps
    if not np.isfinite(loss.item()):
        raise SystemExit("torch_step: the loss is not finite")
    print(json.dumps({
        "bench": "torch_step", "tables": options.tables, "precision": options.precision,
        "compile": options.compile, "threads": options.threads, "steps": options.steps,
        "exposures_per_s": round(ROWS / seconds), "step_ms": round(seconds * 1e3, 3), "cpu_ms": round(cpu_seconds * 1e3, 3),
        "parts_ms": {k: round(v / options.steps * 1e3, 3) for k, v in parts.items()},
        "loss": round(loss.item(), 5), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
