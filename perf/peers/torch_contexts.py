#!/usr/bin/env python3
"""The model of step_perf's context log in PyTorch on the CPU: ChorusCVR, three towers 360-200-80, step 4096.
Each 40 exposures share a context of 20 slots with 10 ids each, pooled by mean; an exposure has 10 slots of
one id. All tables have dimension 18 and are in one matrix, whose rows a step reads and updates once each.

--contexts joined: every exposure has its context's ids, as data loaders of training libraries give them.
--contexts shared: by hand, as a user would who knows of them: a context is pooled and multiplied once, and
its product is gathered for its exposures.
"""

import argparse
import json
import time

import numpy as np
import torch
import torch.nn.functional as F

from torch_step import DIM, ROWS, Deduplicated, chorus_cvr_loss, parse, random_ids, random_labels, rounding_of

CONTEXT_SLOTS, TOKENS, SLOTS, SHARED_BY = 20, 10, 10, 40
CONTEXTS = (ROWS + SHARED_BY - 1) // SHARED_BY
HIDDEN = (360, 200, 80)


def ids_of_slots(generator, ids_per_slot, slots, shape):
    """[slots, *shape] ids of one table: every slot has rows of its own."""
    ids = random_ids(generator, ids_per_slot, (slots, *shape))
    return ids + ids_per_slot * torch.arange(slots).view(-1, *[1] * len(shape))


class Towers(torch.nn.Module):
    """Three towers; their first layers have a part for contexts and one for exposures."""

    def __init__(self, shared):
        super().__init__()
        self.shared = shared
        self.of_context = torch.nn.Linear(CONTEXT_SLOTS * DIM, 3 * HIDDEN[0])
        self.of_exposure = torch.nn.Linear(SLOTS * DIM, 3 * HIDDEN[0], bias=False)
        self.tops = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.Linear(HIDDEN[0], HIDDEN[1]), torch.nn.ReLU(),
                                torch.nn.Linear(HIDDEN[1], HIDDEN[2]), torch.nn.ReLU(),
                                torch.nn.Linear(HIDDEN[2], 1)) for _ in range(3))

    def forward(self, contexts, exposures, context_of):
        product = self.of_context(contexts)
        if self.shared:
            product = product.index_select(0, context_of)
        units = F.relu(product + self.of_exposure(exposures))
        return [top(part).squeeze(1) for top, part in zip(self.tops, units.split(HIDDEN[0], dim=1))]


class Table(Deduplicated):
    def __init__(self, ids_per_slot):
        super().__init__(ids_per_slot, CONTEXT_SLOTS + SLOTS)

    def look_up(self, context_ids, exposure_ids):
        """context_ids: [n, CONTEXT_SLOTS * TOKENS].  exposure_ids: [ROWS, SLOTS]."""
        every = torch.cat([context_ids.reshape(-1), exposure_ids.reshape(-1)])
        self.unique, inverse = torch.unique(every, return_inverse=True)
        self.rows = self.weight.index_select(0, self.unique).requires_grad_()
        bags = F.embedding_bag(inverse[:context_ids.numel()].view(-1, TOKENS), self.rows, mode="mean")
        one = self.rows.index_select(0, inverse[context_ids.numel():])
        return bags.view(-1, CONTEXT_SLOTS * DIM), one.view(ROWS, SLOTS * DIM)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contexts", choices=("joined", "shared"), default="shared")
    options = parse(parser, 16)
    generator = np.random.default_rng(1)
    count = options.batches
    contexts = ids_of_slots(generator, options.ids_per_slot, CONTEXT_SLOTS, (count, CONTEXTS, TOKENS))
    contexts = contexts.permute(1, 2, 0, 3).reshape(count, CONTEXTS, -1)
    exposures = ids_of_slots(generator, options.ids_per_slot, SLOTS, (count, ROWS))
    exposures = exposures.permute(1, 2, 0) + CONTEXT_SLOTS * options.ids_per_slot
    context_of = torch.arange(ROWS) // SHARED_BY
    click, conversion = random_labels(generator, count)

    table, towers = Table(options.ids_per_slot), Towers(options.contexts == "shared")
    dense_optimizer = torch.optim.Adam(towers.parameters(), lr=0.001, fused=True)
    rounding = rounding_of(options)

    def loss_of(of_contexts, of_exposures, click, conversion):
        with rounding:
            logits = towers(of_contexts, of_exposures, context_of)
        return chorus_cvr_loss(*(logit.float() for logit in logits), click, conversion)

    if options.compile:
        loss_of = torch.compile(loss_of)
    begin = cpu_begin = 0.0
    for step in range(options.warm_up + options.steps):
        if step == options.warm_up:
            begin, cpu_begin = time.perf_counter(), time.process_time()
        batch = step % count
        ids = contexts[batch]
        if options.contexts == "joined":
            ids = ids.index_select(0, context_of)
        loss = loss_of(*table.look_up(ids, exposures[batch]), click[batch], conversion[batch])
        dense_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        table.update()
        dense_optimizer.step()
    seconds = (time.perf_counter() - begin) / options.steps
    cpu_seconds = (time.process_time() - cpu_begin) / options.steps
    if not np.isfinite(loss.item()):
        raise SystemExit("torch_contexts: the loss is not finite")
    print(json.dumps({
        "bench": "torch_contexts", "contexts": options.contexts, "precision": options.precision,
        "compile": options.compile, "threads": options.threads, "steps": options.steps,
        "exposures_per_s": round(ROWS / seconds), "step_ms": round(seconds * 1e3, 3),
        "cpu_ms": round(cpu_seconds * 1e3, 3), "loss": round(loss.item(), 5),
        "torch": torch.__version__}))


if __name__ == "__main__":
    main()
