#!/usr/bin/env python3
"""Predicts with what `chorus export` wrote: the reference for whoever serves a model with other software.

  launch/predict_export.py EXPORT < tomorrow.csv > scores.tsv

The input is the text that `chorus import` took: its delimiter, separators, missing markers, transforms and the like
are in the export. Labels may be absent; gzip, bzip2 and xz are unpacked. A tab-separated table is taken, too, whose
first line names the model's features; a cell of a slot then holds its ids, separated by commas, each with ":factor"
behind it where the slot has values. The output has pctr, pcvr and pctcvr of each row, behind its row id if the import's
schema names one; they are those of `chorus predict` up to the rounding of 32 bits. This is plain Python, made to be
read: more than some thousand lines per second need another language. Sizes and values of the files are checked, and
with the module xxhash their checksums. launch/README.md explains the files.
"""
import argparse
import array
import bisect
import itertools
import json
import math
import os
import statistics
import struct
import sys

try:
    import xxhash  # Python's own library has no XXH3
except ImportError:
    xxhash = None

sys.dont_write_bytecode = True  # the folder of this file's modules may be read-only
from export_keys import key_of, mix, random_bits, xxh64
from export_text import AFTER_MALFORMED, Malformed, Rules, float32


def softplus(z):
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


def sigmoid(z):
    """1 / (1 + exp(-z)) for any z: exp takes none above 709."""
    tail = math.exp(-abs(z))
    return (1.0 if z >= 0 else tail) / (1 + tail)


def relu(vector):
    return [max(x, 0.0) for x in vector]


def values_of(folder, entry):
    """An array of the manifest, checked: its size, its checksum where the module xxhash is installed, no NaN."""
    path, (rows, cols) = os.path.join(folder, entry["file"]), (int(n) for n in entry["shape"])
    values = array.array({"uint64": "Q", "float32": "f", "float16": "H", "int8": "b"}[entry["type"]])
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}: the export is not whole")
    if len(data) != rows * cols * values.itemsize:
        sys.exit(f"{path}: {len(data)} bytes; expected: {rows} x {cols} values of {values.itemsize}")
    if xxhash and xxhash.xxh3_64_intdigest(data) != int(entry["xxh3"], 16):
        sys.exit(f"{path}: its checksum is not the manifest's: the export is damaged")
    values.frombytes(data)
    if values.typecode == "f" and not all(map(math.isfinite, values)):
        sys.exit(f"{path}: a value is no finite number: the export is damaged")
    return values


class Model:
    def __init__(self, folder):
        try:
            with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
                self.about = json.load(file)
        except (OSError, ValueError) as error:
            sys.exit(f"{folder}: no export: manifest.json: {getattr(error, 'strerror', None) or error}")
        if self.about.get("format") not in ("chorus-export 4", "chorus-export 5"):
            sys.exit(f"{folder}: format {self.about.get('format')}; expected: chorus-export 4 or 5")
        self.form = self.about.get("rows", {}).get("form", "FP32")
        self.arrays = {}
        for entry in self.about["array"]:
            self.arrays[entry["file"]] = values_of(folder, entry), int(entry["shape"][1])
        self.seeds = {slot["column"]: mix(xxh64(slot["key_space"].encode())) for slot in self.about["slot"]}
        self.tables = {table["name"]: table for table in self.about["table"]}
        self.rules = Rules(self.about)

    def multiply(self, x, name):
        """x W of dense/NAME.f32; zeros of x cost nothing."""
        values, cols = self.arrays[f"dense/{name}.f32"]
        out = [0.0] * cols
        for i, factor in enumerate(x):
            if factor == 0:
                continue
            for j in range(cols):
                out[j] += factor * values[i * cols + j]
        return out

    def row(self, name):
        return list(self.arrays[f"dense/{name}.f32"][0])

    def embedding(self, table, key, dim):
        keys, _ = self.arrays[f"{table}.keys.u64"]
        at = bisect.bisect_left(keys, key)
        if at == len(keys) or keys[at] != key:
            return self.untrained(table, key, dim)
        return self.stored(table, at, dim)

    def stored(self, table, row, dim):
        """A row of a table, which may be stored in fewer bits than float32 has."""
        cells = slice(row * dim, (row + 1) * dim)
        if self.form == "FP16":
            return struct.unpack(f"<{dim}e", struct.pack(f"<{dim}H", *self.arrays[f"{table}.weights.f16"][0][cells]))
        if self.form == "INT8":
            scale = self.arrays[f"{table}.scales.f32"][0][row]
            return [float32(q * scale) for q in self.arrays[f"{table}.weights.i8"][0][cells]]
        return self.arrays[f"{table}.weights.f32"][0][cells]

    def untrained(self, table, key, dim):
        """What a key reads that training has not seen: ps/initializer.h."""
        about = self.tables[table.split("@")[0]]
        kind, options = next(iter(about.get("initializer", {}).items()), (None, None))
        if about["unseen"] == "ZERO" or kind is None:
            return [0.0] * dim
        if kind == "constant":
            return [float32(options["value"])] * dim
        name_hash = mix(xxh64(table.encode()))
        bits = [random_bits(int(self.about["seed"]), 1, name_hash, key, lane) for lane in range(dim)]
        if kind == "uniform":
            return [float32(options["scale"] * (2 * (b >> 11) * 2.0**-53 - 1)) for b in bits]
        normal = statistics.NormalDist()
        return [float32(options["mean"] + options["stddev"] * normal.inv_cdf(((b >> 12) + 0.5) * 2.0**-52))
                for b in bits]

    def pooled(self, slot, table, cells):
        total, count, weight = [0.0] * slot["dim"], 0, 0.0
        for text, factor in self.rules.ids_of(slot["column"], cells):
            row = self.embedding(table, key_of(self.seeds[slot["column"]], text), slot["dim"])
            total = [t + factor * r for t, r in zip(total, row)]
            count, weight = count + 1, weight + abs(factor)
        divisor = {"SUM": 1.0, "MEAN": count, "WEIGHTED_MEAN": weight}[slot["pooling"]]
        return [t / divisor for t in total] if divisor > 0 else [0.0] * slot["dim"]

    def listed(self, slot, table, cells):
        """The rows of the last ids side by side, zeros behind them, and the number of ids."""
        ids = self.rules.ids_of(slot["column"], cells)[-slot["max_length"]:]
        out = []
        for text, factor in ids:
            row = self.embedding(table, key_of(self.seeds[slot["column"]], text), slot["dim"])
            out += [factor * value for value in row]
        return out + [0.0] * (slot["max_length"] * slot["dim"] - len(out)), len(ids)

    def inputs(self, group, cells):
        """The context row and the exposure row of one line: slots, numeric columns, lengths of sequences."""
        sides, lengths = {True: [], False: []}, {True: [], False: []}
        for slot in self.about["slot"]:
            table = slot["table"] if group is self.about["group"][0] else f"{slot['table']}@{group['name']}"
            side = slot["context"]
            if slot["pooling"] == "SEQUENCE":
                rows, length = self.listed(slot, table, cells)
                sides[side] += rows
                lengths[side].append(float(length))
            else:
                sides[side] += self.pooled(slot, table, cells)
        for numeric in self.about["numeric"]:
            cell = cells[self.rules.column_of(numeric["name"])]
            sides[numeric["context"]].append(self.rules.number(numeric, cell))
        return sides[True] + lengths[True], sides[False] + lengths[False]

    def product(self, node, x):
        """The inputs' products with their weights; the products of several parts are side by side."""
        out = []
        for part in node["part"]:
            terms = [self.multiply(x_i, f"{part}.{i['label']}") for x_i, i in zip(x, node["input"])]
            out += [sum(column) for column in zip(*terms)]
        return out

    def beside(self, node, array):
        """An array of each part, side by side."""
        return [value for part in node["part"] for value in self.row(f"{part}.{array}")]

    def attention(self, name, h, givers):
        """What replaces h: worker/objective/method_shape.h, Transfer."""
        tokens = [relu([a + b for a, b in zip(self.multiply(g, f"{name}.{giver}.weight"),
                                             self.row(f"{name}.{giver}.bias"))]) for giver, g in givers]
        own = [self.multiply(h, f"{name}.{part}") for part in ("query", "key", "value")]
        joined = []
        for token in tokens:
            other = [self.multiply(token, f"{name}.{part}") for part in ("query", "key", "value")]
            scores = [sum(q * k for q, k in zip(t[0], t[1])) / math.sqrt(len(h)) for t in (other, own)]
            share = sigmoid(scores[0] - scores[1])
            joined += [share * a + (1 - share) * b for a, b in zip(other[2], own[2])]
        out = self.multiply(joined, name + ".out.weight")
        return relu([a + b for a, b in zip(out, self.row(name + ".out.bias"))])

    def target_attention(self, node, x, length):
        """Each element of a sequence, weighed by a function of it and of the candidate."""
        name, count = node["part"][0], (len(x) - 1) // 2
        query = [value for part in x[count + 1:] for value in part]
        y = [0.0] * len(query)
        for t in range(int(x[count][0])):
            key = []
            for sequence in x[:count]:
                dim = len(sequence) // length
                key += sequence[t * dim:(t + 1) * dim]
            terms = [self.multiply(key, name + ".unit.key"), self.multiply(query, name + ".unit.query"),
                     self.multiply([k * q for k, q in zip(key, query)], name + ".unit.product"),
                     self.row(name + ".unit.bias")]
            hidden = relu([sum(column) for column in zip(*terms)])
            score = self.multiply(hidden, name + ".score.weight")[0] + self.row(name + ".score.bias")[0]
            y = [a + score * k for a, k in zip(y, key)]
        return y

    def self_attention(self, node, x, options):
        """The elements of a sequence, each with what it attends to added; zeros behind them."""
        name, length, heads = node["part"][0], options["length"], options["heads"]
        count = int(x[-1][0])
        dims = [len(sequence) // length for sequence in x[:-1]]
        elements = [[v for s, dim in zip(x, dims) for v in s[t * dim:(t + 1) * dim]] for t in range(count)]
        if options["positions"]:
            places, width = self.arrays[f"dense/{name}.position.f32"]
            elements = [[v + places[(count - 1 - t) * width + j] for j, v in enumerate(element)]
                        for t, element in enumerate(elements)]
        q, k, v = ([self.multiply(element, f"{name}.{part}") for element in elements]
                   for part in ("query", "key", "value"))
        out = []
        for t, element in enumerate(elements):
            mixed, dim = [], len(q[t]) // heads
            for at in range(0, heads * dim, dim):
                scores = [sum(a * b for a, b in zip(q[t][at:at + dim], u[at:at + dim])) / math.sqrt(dim) for u in k]
                shares = [math.exp(score - max(scores)) for score in scores]
                mixed += [sum(s * u[at + j] for s, u in zip(shares, v)) / sum(shares) for j in range(dim)]
            out += [a + b for a, b in zip(element, self.multiply(mixed, name + ".out"))]
        return out + [0.0] * (length * sum(dims) - len(out))

    def activation(self, node, x):
        """PReLU and Dice: below the kink a slope per unit."""
        alpha = self.beside(node, "alpha")
        if node["layer"] == "prelu":
            return [z if z > 0 else a * z for z, a in zip(x, alpha)]
        moments = zip(self.beside(node, "mean"), self.beside(node, "variance"))
        shares = [sigmoid((z - mean) / math.sqrt(variance + 1e-5)) for z, (mean, variance) in zip(x, moments)]
        return [(p + (1 - p) * a) * z for p, a, z in zip(shares, alpha, x)]

    def layer(self, node, x):
        """The node's output, of its inputs; launch/README.md has the table of layers."""
        kind, options = node["layer"], {name: int(value) for name, value in node.get("option", {}).items()}
        if kind in ("product", "linear", "dense", "logit"):
            y = self.product(node, x)
            if kind != "product":
                y = [a + b for a, b in zip(y, self.beside(node, "bias"))]
            return relu(y) if kind == "dense" else y
        if kind == "batch_norm":
            statistics = zip(x[0], self.beside(node, "mean"), self.beside(node, "variance"), self.beside(node, "bias"))
            return relu([(z - mean) / math.sqrt(variance + 1e-5) + bias for z, mean, variance, bias in statistics])
        if kind in ("concat", "detach", "dropout"):
            return [value for part in x for value in part]
        if kind == "mixture":
            shares = [math.exp(z - max(x[0])) for z in x[0]]
            return [sum(s * e for s, e in zip(shares, units)) / sum(shares) for units in zip(*x[1:])]
        if kind == "cross":
            return [x0 * v + xl for x0, v, xl in zip(*x)]
        if kind in ("bi_interaction", "slot_dots"):
            slots = [[x_i[at:at + options["dim"]] for at in range(0, len(x_i), options["dim"])] for x_i in x]
        if kind == "bi_interaction":
            columns = zip(*(slot for of_input in slots for slot in of_input))
            return [(sum(c) ** 2 - sum(v * v for v in c)) / 2 for c in columns]
        if kind == "slot_dots":
            pairs = itertools.product(*slots) if len(slots) == 2 else itertools.combinations(slots[0], 2)
            return [sum(a * b for a, b in zip(p, q)) for p, q in pairs]
        if kind == "target_attention":
            return self.target_attention(node, x, options["length"])
        if kind == "self_attention":
            return self.self_attention(node, x, options)
        if kind in ("sequence_mean", "sequence_sum", "sequence_last"):
            count, dim = int(x[1][0]), node["width"]
            elements = [x[0][t * dim:(t + 1) * dim] for t in range(count)][-1 if kind == "sequence_last" else 0:]
            total = [sum(column) for column in zip(*elements)] or [0.0] * dim
            return [value / count for value in total] if kind == "sequence_mean" and count else total
        if kind == "slot_means":
            return [sum(x[0][at:at + options["dim"]]) / options["dim"] for at in range(0, len(x[0]), options["dim"])]
        if kind == "scale_slots":
            return [value * x[1][j // options["dim"]] for j, value in enumerate(x[0])]
        if kind == "relu":
            return relu(x[0])
        if kind == "gelu":
            return [z / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z ** 3))) for z in x[0]]
        if kind == "twice_sigmoid":
            return [2 * sigmoid(z) for z in x[0]]
        if kind in ("prelu", "dice"):
            return self.activation(node, x[0])
        if kind == "layer_norm":
            mean = sum(x[0]) / len(x[0])
            deviation = math.sqrt(sum((z - mean) ** 2 for z in x[0]) / len(x[0]) + 1e-5)
            gains = zip(x[0], self.beside(node, "gain"), self.beside(node, "bias"))
            return [gain * (z - mean) / deviation + bias for z, gain, bias in gains]
        if kind == "add":
            return [a + b for a, b in zip(*x)]
        if kind == "transfer":
            givers = [(i["label"], x_i) for x_i, i in zip(x, node["input"])][:-1]
            return self.attention(node["part"][0], x[-1], givers)
        sys.exit(f"{node['name']}: no layer {kind} is known here")

    def logits(self, cells):
        out = {}
        for group in self.about["group"]:
            values = list(self.inputs(group, cells))
            for node in group["node"][2:]:
                x = [values[i["node"]][i["first"]:i["first"] + i["width"]] for i in node["input"]]
                values.append(self.layer(node, x))
                if node["head"]:
                    out[node["head"]] = values[-1][0]
        return out

    def predict(self, cells):
        """(log pCTR, log pCVR); the methods that predict by more than two logits: worker/objective/."""
        z = self.logits(cells)
        options = next(iter(self.about["objective"].values()))
        log_ctr = -softplus(-z["ctr"])
        if self.about["method"] == "DIVISION":
            log_cvr = -softplus(-z["ctcvr"]) - log_ctr
            return log_ctr, min(log_cvr, 0.0) if options["cap"] else log_cvr
        if self.about["method"] == "AMAN" and options["correct"] and options["rho"] > 0:
            return log_ctr, softplus(math.log(options["rho"]) - z["ctr"]) - softplus(-z["cvr"])
        if self.about["method"] == "OVERSAMPLING" and options["correct"]:
            return log_ctr, -softplus(math.log(options["copies"]) - z["cvr"])
        if self.about["method"] == "UKD" and options["average_heads"]:
            logs = [-softplus(-z[head]) for head in ("cvr", "cvr2")]
            return log_ctr, max(logs) + math.log((1 + math.exp(-abs(logs[0] - logs[1]))) / 2)
        return log_ctr, -softplus(-z["cvr"])


def made_of(rules, stream, make):
    """(row id, make(cells)) of each row; one that is malformed ends the program with its line's number."""
    number = 1
    try:
        for count, (number, cells) in enumerate(rules.rows(stream)):
            yield rules.row_id(cells, count), make(cells)
    except Malformed as error:
        sys.exit(f"line {number}: {error}; {AFTER_MALFORMED}")


def write(rules, scores):
    """The scores of rows, (row id, (pctr, pcvr, pctcvr)) each, on standard output."""
    try:
        print("row_id\t" * rules.has_row_id + "pctr\tpcvr\tpctcvr")
        for row_id, row in scores:
            print((row_id + "\t") * rules.has_row_id + "\t".join(f"{p:.9g}" for p in row))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
        sys.exit("standard output was closed before all scores were written")


def export_argument(about):
    """The folder that the command line names; --help shows what the script says of itself."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", metavar="EXPORT", help="the folder that `chorus export --output EXPORT` wrote")
    return parser.parse_args().export


def main():
    model = Model(export_argument(__doc__))
    logs = made_of(model.rules, sys.stdin.buffer, model.predict)
    write(model.rules,
          ((row_id, (math.exp(ctr), math.exp(cvr), math.exp(ctr + cvr))) for row_id, (ctr, cvr) in logs))


if __name__ == "__main__":
    main()
