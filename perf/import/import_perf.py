#!/usr/bin/env python3
"""What does an import cost? Instructions for a byte of text, and MB/s on one core and on two.

    perf/import/import_perf.py [--chorus build/chorus] [--criteo criteo_ppml_train.csv.gz] [--megabytes 8]

The texts: "shop", generated here (ids, lists with weights, texts, two standardised numbers, contexts of 5 to 29 rows),
plain and as gzip; and with --criteo the first bytes of that file (19 hashed columns). Instructions are those of
`perf stat`, or of valgrind's callgrind where the kernel does not count, less those of an import of the header and ten
rows; they are repeatable on a busy machine, times are not. README.md says what the columns mean.
"""

import argparse
import gzip
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

SHOP_SCHEMA = r"""
delimiter: "\t"
click: "click" conversion: "sale" row_id: "row" group: "user" time: "time" weight: "weight"
slot { column: "user" context: true }
slot { column: "city" context: true }
slot { column: "bought" context: true separator: "|" value_separator: ":" key_space: "item" }
slot { column: "query" context: true separator: " " max_ids: 50 keep: LAST }
slot { column: "item" }
slot { column: "tags" separator: ";" keep_markers: true }
numeric { column: "price" transform: LOG_STANDARD }
numeric { column: "age" context: true transform: STANDARD missing: 0 }
"""
CRITEO_SCHEMA = 'click: "click" conversion: "sale" other_columns_are_slots: true'
WORDS = ["red", "blue", "shoe", "hat", "coat", "new", "cheap", "summer", "winter", "kids"]
CITIES = ["Bern", "Basel", "Zurich", "Geneva", "Chur", "St. Gallen"]
TAGS = ["new", "eco", "sale", "top", "bulk", "gift"]


def shop_text(size):
    """A text of about `size` bytes, the same at each call."""
    draw = random.Random(1)
    lines = ["click\tsale\trow\tuser\ttime\tweight\tcity\tbought\tquery\titem\ttags\tprice\tage\n"]
    length, row = len(lines[0]), 0
    while length < size:
        user = f"u{int(draw.paretovariate(1.1) * 50) % 200000}"
        bought = "|".join(f"{draw.randrange(100000)}:{draw.random() * 2:.2f}" for _ in range(draw.randrange(6)))
        query = " ".join(draw.choice(WORDS) for _ in range(draw.randrange(1, 4)))
        city, age = draw.choice(CITIES), draw.choice(["", str(draw.randrange(18, 80))])
        for _ in range(draw.randrange(5, 30)):
            click = int(draw.random() < 0.1)
            sale = int(click and draw.random() < 0.1)
            tags = ";".join(draw.choice(TAGS) for _ in range(draw.randrange(3)))
            lines.append(f"{click}\t{sale}\t{row}\t{user}\t{1700000000 + row // 3}\t1\t{city}\t{bought}\t{query}\t"
                         f"{draw.randrange(1000000)}\t{tags}\t{draw.lognormvariate(3, 1):.2f}\t{age}\n")
            length += len(lines[-1])
            row += 1
    return "".join(lines).encode()


def first_lines(path, size):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        text = file.read(size)
    return text[:text.rindex(b"\n") + 1]


class Bench:
    def __init__(self, chorus, folder, repeat):
        self.chorus, self.folder, self.repeat = os.path.abspath(chorus), folder, repeat

    def command(self, schema, text, threads):
        output = os.path.join(self.folder, "out")
        shutil.rmtree(output, ignore_errors=True)
        return [self.chorus, "import", "--schema", schema, "--threads", str(threads), "--output", output, text]

    def run(self, command, **options):
        done = subprocess.run(command, capture_output=True, text=True, **options)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}:\n{done.stderr}")
        return done.stderr

    def instructions(self, schema, text):
        command = self.command(schema, text, 1)
        if shutil.which("perf"):
            told = subprocess.run(["perf", "stat", "-x,", "-e", "instructions:u"] + command,
                                  capture_output=True, text=True).stderr
            counted = re.search(r"^(\d+),,instructions", told, re.M)
            if counted:
                return int(counted.group(1))
        trace = os.path.join(self.folder, "callgrind.out")
        told = self.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={trace}"]
                        + self.command(schema, text, 1))
        return int(re.search(r"refs:\s+([\d,]+)", told).group(1).replace(",", ""))

    def seconds(self, schema, text, threads):
        """The shortest of several imports on as many cores as threads."""
        cores = set(sorted(os.sched_getaffinity(0))[:threads])
        if len(cores) < threads:
            return None
        best = float("inf")
        for _ in range(self.repeat):
            command = self.command(schema, text, threads)
            begin = time.perf_counter()
            self.run(command, preexec_fn=lambda: os.sched_setaffinity(0, cores))
            best = min(best, time.perf_counter() - begin)
        return best


def seconds_to_read(path, repeat):
    best, buffer = float("inf"), bytearray(1 << 20)
    for _ in range(repeat):
        begin = time.perf_counter()
        with open(path, "rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
        best = min(best, time.perf_counter() - begin)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chorus", default="build/chorus", help="the program")
    parser.add_argument("--criteo", help="criteo_ppml_train.csv.gz, or the same unpacked")
    parser.add_argument("--megabytes", type=float, default=8, help="of each text")
    parser.add_argument("--repeat", type=int, default=5, help="imports of which the fastest counts")
    parser.add_argument("--no-times", action="store_true", help="instructions alone, on a busy machine")
    options = parser.parse_args()
    size = int(options.megabytes * 1e6)
    texts = {"shop": (SHOP_SCHEMA, shop_text(size))}
    if options.criteo:
        texts["criteo"] = (CRITEO_SCHEMA, first_lines(options.criteo, size))
    columns = ["text", "bytes", "instructions a byte"]
    if not options.no_times:
        columns += ["read alone MB/s", "1 thread MB/s", "2 threads MB/s", "ratio"]
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.chorus, folder, options.repeat)
        for name, (schema_text, text) in texts.items():
            schema = os.path.join(folder, name + ".schema")
            with open(schema, "w") as file:
                file.write(schema_text)
            begin = os.path.join(folder, name + ".begin")
            with open(begin, "wb") as file:
                file.write(b"".join(text.splitlines(keepends=True)[:11]))
            start = bench.instructions(schema, begin)
            for packing in ("", ".gz"):
                path = os.path.join(folder, name + packing)
                with (gzip.open(path, "wb", 6) if packing else open(path, "wb")) as file:
                    file.write(text)
                cells = [name + packing, str(len(text)),
                         f"{(bench.instructions(schema, path) - start) / len(text):.1f}"]
                if not options.no_times:
                    mega = len(text) / 1e6
                    one, two = bench.seconds(schema, path, 1), bench.seconds(schema, path, 2)
                    cells += [f"{mega / seconds_to_read(path, options.repeat):.0f}", f"{mega / one:.0f}",
                              f"{mega / two:.0f}" if two else "", f"{one / two:.2f}" if two else ""]
                print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
