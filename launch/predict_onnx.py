#!/usr/bin/env python3
"""Predicts with what `chorus export --format ONNX` wrote: an example of a server that leaves the layers to onnxruntime.

  launch/predict_onnx.py EXPORT < tomorrow.csv > scores.tsv

The input and the output are those of predict_export.py, whose code looks up and pools the embeddings. Rows that agree
in all columns of the context share one: layers of the context alone are computed once for them. It needs the packages
numpy and onnxruntime (pip install onnxruntime). launch/README.md explains the model's inputs.
"""
import itertools
import os
import sys

import numpy
import onnxruntime

sys.dont_write_bytecode = True  # the folder of this file's modules may be read-only
from predict_export import Model, export_argument, made_of, write

BATCH_ROWS = 1000


class Server(Model):
    def __init__(self, folder):
        super().__init__(folder)
        if "onnx" not in self.about:
            sys.exit(f"{folder} holds no ONNX model: chorus export --format ONNX writes one")
        path = os.path.join(folder, self.about["onnx"]["file"])
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.described = self.about["onnx"]["input"]
        self.slots = {slot["name"]: slot for slot in self.about["slot"]}
        self.numerics = {numeric["name"]: numeric for numeric in self.about["numeric"]}
        self.context_features = [slot["column"] for slot in self.about["slot"] if slot["context"]]
        self.context_features += [numeric["name"] for numeric in self.about["numeric"] if numeric["context"]]

    def context_of(self, cells):
        """What rows that share a context have in common."""
        columns = itertools.chain.from_iterable(map(self.rules.columns_of, self.context_features))
        return tuple(cells[column] for column in columns)

    def value(self, about, cells):
        """A row of an input, of one line of text."""
        if about["kind"] == "NUMERICS":
            return [self.rules.number(self.numerics[name], cells[self.rules.column_of(name)])
                    for name in about["numeric"]]
        slot = self.slots[about["slot"]]
        if about["kind"] == "LENGTH":
            return min(len(self.rules.ids_of(slot["column"], cells)), slot["max_length"])
        if about["kind"] == "POOLED":
            return self.pooled(slot, about["table"], cells)
        rows, _ = self.listed(slot, about["table"], cells)
        return [rows[at:at + slot["dim"]] for at in range(0, len(rows), slot["dim"])]

    def values(self, cells):
        """What one line of text gives to inputs: (context, its rows, the exposure's rows)."""
        of_side = {True: {}, False: {}}
        for about in self.described:
            if about["kind"] != "CONTEXT_OF":
                of_side[about["context"]][about["name"]] = self.value(about, cells)
        return self.context_of(cells), of_side[True], of_side[False]

    def predict_batch(self, lines):
        """The scores of what `values` gave."""
        contexts = {}  # the number of each, and its rows
        for context, rows, _ in lines:
            contexts.setdefault(context, (len(contexts), rows))
        feed = {}
        for about in self.described:
            name, whole = about["name"], about["kind"] in ("CONTEXT_OF", "LENGTH")
            if about["kind"] == "CONTEXT_OF":
                rows = [contexts[context][0] for context, _, _ in lines]
            elif about["context"]:
                rows = [of_context[name] for _, of_context in contexts.values()]
            else:
                rows = [of_exposure[name] for _, _, of_exposure in lines]
            feed[name] = numpy.array(rows, dtype=numpy.int64 if whole else numpy.float32)
        return zip(*self.session.run(["pctr", "pcvr", "pctcvr"], feed))


def batches(lines):
    while batch := list(itertools.islice(lines, BATCH_ROWS)):
        yield batch


def main():
    server = Server(export_argument(__doc__))
    lines = made_of(server.rules, sys.stdin.buffer, server.values)
    write(server.rules,
          ((row_id, scores) for batch in batches(lines)
           for (row_id, _), scores in zip(batch, server.predict_batch([values for _, values in batch]))))


if __name__ == "__main__":
    main()
