"""Reads the YAML that the program writes for Kubernetes, and nothing more: maps and lists by indentation, texts in
double quotes (as JSON has them), whole numbers, true and false, blocks of lines behind `|`. Whatever else is an error."""
import json
import re

KEY = re.compile(r"(- )?([A-Za-z][\w.-]*):(?: (.+))?$")


class NotStrict(Exception):
    """The text is not of that kind."""


def documents(text):
    """The documents of a text; comments stand before the first one."""
    pieces = re.split(r"(?m)^---\n", text)
    if any(line and not line.startswith("# ") for line in pieces[0].split("\n")):
        raise NotStrict("something stands before the first document")
    return [read(piece) for piece in pieces[1:]]


def read(text):
    lines = text.split("\n")
    value, at = block(lines, 0, 0)
    if any(line.strip() for line in lines[at:]):
        raise NotStrict(f"line {at + 1} belongs to nothing: {lines[at]!r}")
    return value


def indent_of(line):
    return len(line) - len(line.lstrip(" "))


def scalar(text):
    if text.startswith('"'):
        return json.loads(text)
    if re.fullmatch(r"0|[1-9]\d*", text):
        return int(text)
    if text in ("true", "false"):
        return text == "true"
    raise NotStrict(f"neither a text in quotes nor a number: {text!r}")


def block(lines, at, indent):
    """The map or the list that begins at a line, and the line behind it."""
    if lines[at].startswith(" " * indent + "- "):
        return items(lines, at, indent)
    out = {}
    while at < len(lines) and lines[at] and indent_of(lines[at]) == indent:
        match = KEY.match(lines[at][indent:])
        if not match or match[1]:
            raise NotStrict(f"line {at + 1} is no key: {lines[at]!r}")
        if match[2] in out:
            raise NotStrict(f"line {at + 1}: {match[2]} stands there twice")
        out[match[2]], at = value_of(lines, at, indent, match[3])
    return out, at


def value_of(lines, at, indent, text):
    if text == "|":
        return literal(lines, at + 1, indent + 2)
    if text is not None:
        return scalar(text), at + 1
    if at + 1 >= len(lines) or indent_of(lines[at + 1]) != indent + 2:
        raise NotStrict(f"line {at + 1} has no value: {lines[at]!r}")
    return block(lines, at + 1, indent + 2)


def literal(lines, at, indent):
    out = []
    while at < len(lines) and (not lines[at] or indent_of(lines[at]) >= indent):
        out.append(lines[at][indent:])
        at += 1
    return "\n".join(out).rstrip("\n") + "\n", at


def items(lines, at, indent):
    out = []
    while at < len(lines) and lines[at].startswith(" " * indent + "- "):
        rest = lines[at][indent + 2:]
        if KEY.match(rest):
            lines[at] = " " * (indent + 2) + rest
            value, at = block(lines, at, indent + 2)
            out.append(value)
        else:
            out.append(scalar(rest))
            at += 1
    return out, at
