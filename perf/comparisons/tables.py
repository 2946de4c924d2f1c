#!/usr/bin/env python3
"""Writes columns of comparisons' table.md into documents.

  perf/comparisons/tables.py [--check] FILE.md ...

A document says before each of its tables what the table is made of:

  <!-- table: build/w3/compared/table.md
  columns: CTR AUC | AUC, un-clicked = AUC N | PCOC N .2
  rows: BASE | two tasks = two-task
  -->

A column or row may have a title of its own, "TITLE = NAME", and a column fewer digits behind the point, ".2". Without
`rows` the table has all. A line "beside: PATH" before `columns` names a second comparison of the same methods, whose
columns are "TITLE = beside NAME". What stands between the comment and the next line that is no row of a table is
replaced. With --check nothing is written: code 1 and a line for each table that is not what its comparison says now.
Tables of comparisons that have not been made here are left as they are, and named. Standard library only.
"""
import re
import sys

COMMENT = re.compile(r"<!-- table: (?P<path>\S+)\n(?:beside: (?P<beside>\S+)\n)?columns: (?P<columns>.*)\n"
                     r"(?:rows: (?P<rows>.*)\n)?-->\n")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_all(path, beside):
    """read_means of both, the columns of `beside` (None: there is none) under "beside NAME"."""
    means = read_means(path)
    for method, row in read_means(beside).items() if beside else []:
        means.setdefault(method, {}).update({f"beside {column}": text for column, text in row.items()})
    return means


def read_means(path):
    """The tables of means in a table.md, as {method: {column: text}}, methods in order."""
    means, head, differences = {}, None, False
    for line in read(path).splitlines():
        if line.startswith("## "):
            differences = False
        elif line.startswith("Difference to "):
            differences = True
        if not line.startswith("|"):
            head = None
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if head is None:
            head = cells
        elif not differences and not cells[0].startswith("---"):
            row = means.setdefault(cells[0].replace("*", ""), {})
            row.update(zip(head[1:], cells[1:]))
    return means


def rounded(text, digits):
    """"0.8848 ± 0.0001" with so many digits behind the point; other texts as they are."""
    if digits is None or not re.fullmatch(r"[-+\d.]+( ± [\d.]+)?", text) or text == "-":
        return text
    return " ± ".join(f"{float(number):.{digits}f}" for number in text.split(" ± "))


def parse(spec):
    """"TITLE = NAME .2" as (title, name, digits)."""
    title, _, name = spec.strip().rpartition(" = ")
    name, _, digits = name.partition(" .")
    return (title or name).strip(), name.strip(), int(digits) if digits else None


def make_table(means, columns, rows, where):
    columns = [parse(column) for column in columns.split("|")]
    rows = [parse(row) for row in rows.split("|")] if rows else [(name, name, None) for name in means]
    lines = ["| method | " + " | ".join(title for title, _, _ in columns) + " |", "|---|" + "---|" * len(columns)]
    for title, method, _ in rows:
        if method not in means:
            sys.exit(f"{where}: no method \"{method}\"; there are: {', '.join(means)}")
        cells = []
        for _, column, digits in columns:
            if not any(column in row for row in means.values()):
                sys.exit(f"{where}: no column \"{column}\"")
            cells.append(rounded(means[method].get(column, "-"), digits))
        lines.append("| " + " | ".join([title] + cells) + " |")
    return "\n".join(lines) + "\n"


def update(path, check):
    """Whether every table of the document is what it says it is made of."""
    text, out, at, same = read(path), "", 0, True
    for comment in COMMENT.finditer(text):
        begin = comment.end()
        end = begin
        while text.startswith("|", end):
            end = text.index("\n", end) + 1
        where = f"{path}:{text.count(chr(10), 0, comment.start()) + 1}"
        try:
            means = read_all(comment["path"], comment["beside"])
        except FileNotFoundError as error:
            print(f"{where}: {error.filename} is not there: left as it is")
            continue
        table = make_table(means, comment["columns"], comment["rows"], f"{where}: {comment['path']}")
        if table != text[begin:end]:
            same = False
            print(f"{where}: {'is not' if check else 'made anew from'} {comment['path']}")
        out += text[at:begin] + table
        at = end
    if not same and not check:
        with open(path, "w", encoding="utf-8") as file:
            file.write(out + text[at:])
    return same


def main(arguments):
    check = "--check" in arguments
    documents = [argument for argument in arguments if argument != "--check"]
    if not documents:
        sys.exit(__doc__)
    results = [update(document, check) for document in documents]
    return 0 if all(results) or not check else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
