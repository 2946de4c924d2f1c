"""Reads delimited text as `chorus import` does, by the rules that manifest.json of an export has under `text`: the
reference for whoever feeds a model with other software. Not a program; launch/predict_export.py uses it.
"""
import bz2
import gzip
import lzma
import math
import re
import struct
import sys

from export_keys import crossed

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
DECIMAL = re.compile(r"(0|-?[1-9][0-9]*)\.0*")  # an integer, written as a decimal
LARGEST = 3.4028234663852886e38  # of 32 bits
# What a text without rules of its own may hold: tab-separated cells, ids separated by commas, with ":factor" behind.
PLAIN = {"delimiter": "\t", "separator": ",", "value_separator": ":"}


# What to do about a line that is Malformed.
AFTER_MALFORMED = "mend or remove the line (chorus predict --max-bad-rows N passes over N such)"


class Malformed(Exception):
    """What is wrong with a row or a text."""


def float32(x):
    """x as 32 bits hold it."""
    return struct.unpack("f", struct.pack("f", min(max(x, -LARGEST), LARGEST)))[0]


def number_of(text):
    """The finite number that `text` is, or None."""
    if not NUMBER.fullmatch(text):
        return None
    x = float(text)
    return x if math.isfinite(x) else None


def unpacked(stream):
    """A stream of bytes, as text whether it is packed or not."""
    head = stream.peek(6)[:6]
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        raise Malformed("the input is zstd, which plain Python cannot read: zstd -dc FILE | ...")
    for magic, module in ((b"\x1f\x8b", gzip), (b"BZh", bz2), (b"\xfd7zXZ\x00", lzma)):
        if head.startswith(magic):
            stream = module.open(stream)
            break
    for line in stream:  # bytes that are no UTF-8 keep what they are
        yield line.decode("utf-8", "surrogateescape").rstrip("\n").removesuffix("\r")


class Rules:
    """How cells become ids and numbers."""

    def __init__(self, about):
        text = about.get("text", {})
        self.text = text
        self.has_row_id = text.get("row_id", "") != ""
        self.known = "text" in about
        # Rules of texts that are no tables (Ali-CCP, libsvm, ...) are good for tab-separated tables alone.
        self.own_format = self.known and text.get("format", "DELIMITED") == "DELIMITED"
        self.plain = not self.own_format  # the input is tab-separated, whatever the rules say
        self.markers = set(text.get("missing_marker", [])) - {""}
        self.integer_markers = {self.integer(marker) for marker in self.markers}
        self.slots = {slot["name"]: slot for slot in text.get("slot", [])}
        self.crosses = {cross["name"]: cross["slot"] for cross in text.get("cross", [])}
        self.numerics = {numeric["name"]: numeric for numeric in text.get("numeric", [])}
        self.model_slots = {slot["column"]: slot for slot in about["slot"]}
        self.features = list(self.model_slots) + [numeric["name"] for numeric in about["numeric"]]

    def row_id(self, cells, count):
        """What `chorus predict` writes before a row's scores: its row id or, without the column, its number."""
        cell = cells.get(self.text.get("row_id", ""))
        if cell is None:
            return str(count)
        cell = cell.strip(" \t") if self.text.get("trim", False) or not self.text.get("row_id_text") else cell
        return str(int(cell)) if cell.isdecimal() and not self.text.get("row_id_text") else cell

    def column_of(self, feature):
        """The column of the input that a feature is made of, which is no crossed slot."""
        entry = self.slots.get(feature) or self.numerics.get(feature) or {}
        return feature if self.plain else entry.get("column", feature)

    def columns_of(self, feature):
        """The columns of the input that a feature is made of: several of a crossed slot."""
        return [self.column_of(slot) for slot in self.crosses.get(feature, [feature])]

    def read(self, cell, keep_markers=False):
        """What a cell says, or None when it says that nothing is known."""
        if self.text.get("trim", False):
            cell = cell.strip(" \t")
        return None if cell == "" or (not keep_markers and self.is_marker(cell)) else cell

    def integer(self, text):
        """"41" of "41.0", where the rules take the one for the other; other texts stay."""
        if self.text.get("decimal_ids") == "AS_INTEGER" and DECIMAL.fullmatch(text):
            return text[:text.index(".")]
        return text

    def is_marker(self, text):
        return text in self.markers or self.integer(text) in self.integer_markers

    def split(self, line):
        """The cells of a line: RFC 4180, except where tabs delimit."""
        delimiter = PLAIN["delimiter"] if self.plain else self.text["delimiter"]
        if delimiter == "\t" or '"' not in line:
            return line.split(delimiter)
        cells, at, escape = [], 0, self.text.get("escape", "")
        while True:
            if line[at:at + 1] != '"':
                end = line.find(delimiter, at)
                end = len(line) if end < 0 else end
                cells.append(line[at:end])
            else:
                cell, end = self.quoted(line, at + 1, escape)
                cells.append(cell)
                if end < len(line) and line[end] != delimiter:
                    raise Malformed(f"found '{line[end:end + 20]}' behind a closing quote, expected a delimiter")
            if end == len(line):
                return cells
            at = end + 1

    @staticmethod
    def quoted(line, at, escape):
        """The cell whose text begins at line[at], and where its delimiter is."""
        cell = ""
        while at < len(line):
            pair = line[at:at + 2]
            if escape and pair in (escape + '"', escape + escape) or pair == '""':
                cell, at = cell + pair[1], at + 2
            elif line[at] == '"':
                return cell, at + 1
            else:
                cell, at = cell + line[at], at + 1
        raise Malformed("a quote does not end in its line")

    def ids_of(self, feature, cells):
        """[(id, factor)] of a slot, from the cells of a row."""
        slots = self.crosses.get(feature)
        if slots is None:
            return list(self.ids(feature, cells[self.column_of(feature)]))
        parts = [self.ids(slot, cells[self.column_of(slot)]) for slot in slots]
        return [(str(crossed(ids[0][0] for ids in parts)), 1.0)] if all(parts) else []

    def ids(self, feature, cell):
        """[(id, factor)] of a slot's cell."""
        one_hot = {"multi_valued": False, "has_values": False}  # what only crossed slots read
        rule, model = self.slots.get(feature, {}), self.model_slots.get(feature, one_hot)
        if self.plain or not self.known:
            separator = PLAIN["separator"] if model["multi_valued"] or not self.known else ""
            value_separator = PLAIN["value_separator"] if model["has_values"] else ""
        else:
            separator, value_separator = rule.get("separator", ""), rule.get("value_separator", "")
        found = []
        for piece in cell.split(separator) if separator else [cell]:
            if piece or not separator:
                found += self.one_id(feature, piece, value_separator, rule.get("keep_markers", False))
        return self.changed(rule, self.kept(rule, found) if separator else found)

    @staticmethod
    def kept(rule, found):
        """At most max_ids of the ids."""
        most, keep = rule.get("max_ids", 0), rule.get("keep", "FIRST")
        if most == 0 or len(found) <= most:
            return found
        if keep == "LARGEST_VALUE":
            largest = sorted(range(len(found)), key=lambda i: (-found[i][1], i))[:most]
            return [found[i] for i in sorted(largest)]
        return found[-most:] if keep == "LAST" else found[:most]

    @staticmethod
    def changed(rule, found):
        """The ids with their factors as value_transform, value_clip and value_l2 make them."""
        factors = [factor for _, factor in found]
        if rule.get("value_transform") == "LN1P":
            factors = [float32(math.log1p(max(x, 0.0))) for x in factors]
        if (clip := float32(rule.get("value_clip", 0.0))) > 0:
            factors = [min(max(x, -clip), clip) for x in factors]
        norm = math.sqrt(sum(x * x for x in factors)) if rule.get("value_l2") else 0.0
        if norm > 0:
            factors = [float32(x / norm) for x in factors]
        return [(text, factor) for (text, _), factor in zip(found, factors)]

    def one_id(self, feature, piece, value_separator, keep_markers):
        factor = 1.0
        if value_separator and (value_separator in piece or self.read(piece, keep_markers) is not None):
            piece, _, number = piece.rpartition(value_separator)
            factor = number_of(number.strip(" \t"))
            if factor is None or abs(factor) > LARGEST or piece == "":
                raise Malformed(f"column '{self.column_of(feature)}': expected id{value_separator}weight")
            factor = float32(factor)
        text = self.read(piece, keep_markers)
        if text is None:
            return []
        return [(self.integer(text), factor)]

    def number(self, numeric, cell):
        """The input that a numeric cell makes, as 32 bits hold it."""
        text = self.read(cell)
        if text is None:
            rule = self.numerics.get(numeric["name"])
            if rule is None:
                raise Malformed(f"column '{numeric['name']}': found nothing, and the export does not say what stands "
                                "for a missing number (it was made of a log that does not know)")
            return float32(rule.get("missing", 0.0))
        x = number_of(text)
        if x is None or abs(x) > LARGEST:
            raise Malformed(f"column '{self.column_of(numeric['name'])}': found '{text}', expected a finite number")
        if numeric["log_transform"]:
            x = math.log1p(max(x, 0.0))
        return float32((x - numeric["mean"]) / numeric["stddev"])

    def missing_columns(self, names):
        wanted = dict.fromkeys(column for feature in self.features for column in self.columns_of(feature))
        return [column for column in wanted if column not in names]

    def header(self, line):
        """The names of the columns. A tab-separated line of the features' names is taken too."""
        line = line.removeprefix("\ufeff")
        best = None
        for plain in (False, True) if self.own_format else (True,):
            self.plain = plain
            names = [name.strip(" \t") for name in self.split(line)]
            missing = self.missing_columns(names)
            if not missing:
                return names
            if best is None or len(missing) < len(best):
                best = missing
        raise Malformed(f"the input has no column {', '.join(best)}")

    def is_blank(self, line, before_header):
        """Nothing, or blanks that delimit nothing."""
        delimiter = PLAIN["delimiter"] if self.plain else self.text["delimiter"]
        return not (line if before_header else line.replace(delimiter, "x")).strip(" \t")

    def rows(self, stream):
        """{column: cell} of every row, and its line number."""
        names = None
        for number, line in enumerate(unpacked(stream), 1):
            if self.is_blank(line, names is None):
                continue
            if names is None and (self.plain or self.text.get("header", True)):
                names = self.header(line)
                continue
            try:
                cells = self.split(line.removeprefix("\ufeff") if number == 1 else line)
                if names is None:
                    names = [str(i) for i in range(len(cells))]
                if len(cells) != len(names):
                    raise Malformed(f"found {len(cells)} cells, expected {len(names)}")
            except Malformed as error:
                sys.exit(f"line {number}: {error}; {AFTER_MALFORMED}")
            if (self.plain or self.text.get("header", True)) and [cell.strip(" \t") for cell in cells] == names:
                continue  # the header once more
            yield number, dict(zip(names, cells))
