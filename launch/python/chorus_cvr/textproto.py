"""The little of protobuf's text format that the package reads itself: which slots of an ImportSchema are lists."""
from __future__ import annotations

import re
from typing import Any, Dict, List, Tuple

from .errors import InvalidArgument

_TOKEN = re.compile(r"""\s+|\#[^\n]*|(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<mark>[{}<>\[\]:,;])|"""
                    r"""(?P<word>[^\s{}<>\[\]:,;"'#]+)""")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}

Fields = Dict[str, List[Any]]


def _tokens(text: str) -> List[Tuple[str, str]]:
    tokens, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise InvalidArgument(f"line {text.count(chr(10), 0, at) + 1}: found {text[at:at + 20]!r}, "
                                  "expected protobuf text format")
        if found.lastgroup is not None:
            tokens.append((found.lastgroup, found[0]))
        at = found.end()
    return tokens


def unquoted(text: str) -> str:
    """The text without quotes and escapes; bytes as \\x09 and \\011 are understood."""
    def escape(found: "re.Match[str]") -> str:
        code = found[1]
        if code[0] == "x":
            return chr(int(code[1:], 16))
        return chr(int(code, 8)) if code[0].isdigit() else _ESCAPES.get(code, code)
    return re.sub(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", escape, text[1:-1])


def quoted(text: str) -> str:
    """A text in quotes, as text format takes it."""
    table = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(table.get(c, c) for c in text) + '"'


def parse(text: str) -> Fields:
    """Fields by name, each with its values in order: texts, or fields again."""
    tokens = _tokens(text)
    fields, at = _message(tokens, 0, "")
    if at != len(tokens):
        raise InvalidArgument(f"found {tokens[at][1]!r}, expected a field")
    return fields


def _message(tokens: List[Tuple[str, str]], at: int, end: str) -> Tuple[Fields, int]:
    fields: Fields = {}
    while at < len(tokens):
        kind, word = tokens[at]
        at += 1
        if kind == "mark" and word == end:
            return fields, at
        if kind == "mark" and word in ",;":
            continue
        if kind != "word":
            raise InvalidArgument(f"found {word!r}, expected the name of a field")
        if at < len(tokens) and tokens[at] == ("mark", ":"):
            at += 1
        values, at = _values(tokens, at)
        fields.setdefault(word, []).extend(values)
    if end:
        raise InvalidArgument(f"the text ends before {end!r}")
    return fields, at


def _values(tokens: List[Tuple[str, str]], at: int) -> Tuple[List[Any], int]:
    if at == len(tokens):
        raise InvalidArgument("the text ends where a value is expected")
    kind, word = tokens[at]
    at += 1
    if kind == "mark" and word in "{<":
        fields, at = _message(tokens, at, "}" if word == "{" else ">")
        return [fields], at
    if kind == "mark" and word == "[":
        values: List[Any] = []
        while at < len(tokens) and tokens[at] != ("mark", "]"):
            if tokens[at] == ("mark", ","):
                at += 1
                continue
            more, at = _values(tokens, at)
            values += more
        return values, at + 1
    if kind == "mark":
        raise InvalidArgument(f"found {word!r}, expected a value")
    text = unquoted(word) if kind == "text" else word
    while kind == "text" and at < len(tokens) and tokens[at][0] == "text":  # texts side by side are one
        text, at = text + unquoted(tokens[at][1]), at + 1
    return [text], at
