#!/usr/bin/env python3
"""Writes a table of text as Parquet or ORC: write_columns.py TABLE OUT KINDS [row_group=N] [dictionary]

TABLE has lines of cells between tabs, its header first; an empty cell is null. KINDS says "name=kind,name=kind,...";
kinds are those of `convert`. OUT ends in .parquet or .orc. Exit code 3: there is no pyarrow.
"""
import datetime
import decimal
import sys

try:
    import pyarrow as pa
    from pyarrow import orc, parquet
except ImportError as error:
    print(error)
    sys.exit(3)

PAIRS = pa.struct([("id", pa.string()), ("value", pa.float64())])
TYPES = {
    "bool": pa.bool_(), "int8": pa.int8(), "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64(),
    "uint8": pa.uint8(), "uint16": pa.uint16(), "uint32": pa.uint32(), "uint64": pa.uint64(),
    "float": pa.float32(), "double": pa.float64(), "decimal": pa.decimal128(12, 4), "string": pa.string(),
    "binary": pa.binary(), "large": pa.large_string(), "timestamp": pa.timestamp("us"), "date": pa.date32(),
    "dictionary": pa.dictionary(pa.int32(), pa.string()), "null": pa.null(), "time": pa.time32("s"),
    "ints": pa.list_(pa.int64()), "strings": pa.list_(pa.string()), "doubles": pa.list_(pa.float64()),
    "pairs": pa.list_(PAIRS), "map": pa.map_(pa.string(), pa.float64()), "nested": pa.list_(pa.list_(pa.int64())),
    "decimal20": pa.decimal128(20, 0), "decimal30": pa.decimal128(30, 6),
    "struct": pa.struct([("a", pa.int64())]),
}


def convert(text, kind):
    if text == "":
        return None
    if kind in ("string", "large", "dictionary"):
        return text
    if kind == "binary":
        return text.encode()
    if kind == "bool":
        return text == "1"
    if "int" in kind and kind != "ints":
        return int(text)
    if kind in ("float", "double"):
        return float(text)
    if kind.startswith("decimal"):
        return decimal.Decimal(text)
    if kind == "timestamp":
        return datetime.datetime.fromisoformat(text)
    if kind == "date":
        return datetime.date.fromisoformat(text)
    pieces = text.split("|")
    if kind == "ints":
        return [int(piece) for piece in pieces]
    if kind == "strings":
        return pieces
    if kind == "doubles":
        return [float(piece) for piece in pieces]
    pairs = [piece.rsplit(":", 1) for piece in pieces]
    if kind == "pairs":
        return [{"id": id, "value": float(value)} for id, value in pairs]
    if kind == "map":
        return [(id, float(value)) for id, value in pairs]
    if kind == "nested":
        return [[int(piece) for piece in pieces]]
    if kind == "struct":
        return {"a": int(text)}
    return None


def main():
    table, out, kinds, *options = sys.argv[1:]
    with open(table, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    columns = {}
    for name_and_kind in kinds.split(","):
        name, kind = name_and_kind.split("=")
        place = lines[0].index(name)
        columns[name] = pa.array([convert(line[place], kind) for line in lines[1:]], TYPES[kind])
    rows = pa.table(columns)
    groups = [int(option.split("=")[1]) for option in options if option.startswith("row_group=")]
    if out.endswith(".orc"):
        orc.write_table(rows, out)
    else:
        parquet.write_table(rows, out, row_group_size=groups[0] if groups else None,
                            use_dictionary="dictionary" in options, write_page_checksum=True)


main()
