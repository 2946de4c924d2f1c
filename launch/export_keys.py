"""Ids, keys and draws of initial values as the program makes them. Not a program; predict_export.py beside it uses it.
"""
import re

MASK = (1 << 64) - 1
WEYL = 0x9E3779B97F4A7C15


def xxh64(data):
    """XXH64 with seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md)."""
    p1, p2, p3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
    p4, p5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5

    def rotl(x, r):
        return ((x << r) | (x >> (64 - r))) & MASK

    def mixed(lane, word):
        return rotl((lane + word * p2) & MASK, 31) * p1 & MASK

    def word(at, size):
        return int.from_bytes(data[at:at + size], "little")

    at = 0
    if len(data) >= 32:
        lanes = [(p1 + p2) & MASK, p2, 0, -p1 & MASK]
        while at + 32 <= len(data):
            lanes = [mixed(lane, word(at + 8 * i, 8)) for i, lane in enumerate(lanes)]
            at += 32
        h = sum(rotl(lane, r) for lane, r in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            h = ((h ^ mixed(0, lane)) * p1 + p4) & MASK
    else:
        h = p5
    h = (h + len(data)) & MASK
    while at + 8 <= len(data):
        h = (rotl(h ^ mixed(0, word(at, 8)), 27) * p1 + p4) & MASK
        at += 8
    if at + 4 <= len(data):
        h = (rotl(h ^ (word(at, 4) * p1 & MASK), 23) * p2 + p3) & MASK
        at += 4
    while at < len(data):
        h = rotl(h ^ (data[at] * p5 & MASK), 11) * p1 & MASK
        at += 1
    h = (h ^ (h >> 33)) * p2 & MASK
    h = (h ^ (h >> 29)) * p3 & MASK
    return h ^ (h >> 32)


def mix(x):
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return x ^ (x >> 31)


def id_of(text):
    """The id that a user writes: integers count as numbers, the rest as text (common/key.h)."""
    if re.fullmatch(r"0|-?[1-9][0-9]*", text) and -(1 << 63) <= int(text) <= MASK:
        return int(text) & MASK
    return xxh64(text.encode("utf-8", "surrogateescape"))


def key_of(space_seed, text):
    """The key of an id as a user writes it (common/key.h)."""
    return mix(id_of(text) ^ space_seed)


def crossed(texts):
    """The id of a combination of ids (worker/import/crossed_slots.h)."""
    state = 0
    for text in texts:
        state = mix(((state ^ id_of(text)) + WEYL) & MASK)
    return state


def random_bits(seed, purpose, *counters):
    """common/random.h"""
    state = mix((mix((seed + WEYL) & MASK) + WEYL * (purpose + 1)) & MASK)
    for counter in counters:
        state = mix(((state ^ counter) + WEYL) & MASK)
    return state
