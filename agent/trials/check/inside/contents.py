"""Spoils what output files hold: arrays, JSON documents and tables, without any library.

Every function that an attempt uses returns an `Edit`: given a file's path and content it returns the new
content, or None where the file is of no kind that it knows.
"""

from __future__ import annotations

import ast
import io
import json
import re
import struct
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Edit = Callable[[str, bytes], bytes | None]
    Header = dict[str, Any]
    Row = list[str]

TABLES = (".csv", ".tsv", ".txt")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


# ------------------------------------------------------------------------------------------ kinds of files


def read_npy(raw: bytes) -> tuple[Header, bytes]:
    """Header and body of a .npy file."""
    start = 10 if raw[6] == 1 else 12
    length = int.from_bytes(raw[8:start], "little")
    return ast.literal_eval(raw[start : start + length].decode("latin1")), raw[start + length :]


def npy(header: Header, body: bytes) -> bytes:
    """A .npy file, format 1.0 of numpy.lib.format."""
    text = repr(header).encode("latin1")
    text += b" " * (-(11 + len(text)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body


def through_zip(content: bytes, edit: Callable[[bytes], bytes]) -> bytes:
    """A zip archive with every member edited."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            target.writestr(name, edit(source.read(name)))
    return packed.getvalue()


def in_arrays(edit: Callable[[Header, bytes], tuple[Header, bytes] | None]) -> Edit:
    """Edit each array of .npy and .npz files."""

    def one(raw: bytes) -> bytes:
        header, body = read_npy(raw)
        made = edit(dict(header), body) if isinstance(header["descr"], str) else None
        return npy(*made) if made else raw

    def make(path: str, content: bytes) -> bytes | None:
        if path.endswith(".npy"):
            return one(content)
        return through_zip(content, one) if path.endswith(".npz") else None

    return make


def in_documents(edit: Callable[[Any], Any]) -> Edit:
    """Edit what a .json file holds, and each line of a .jsonl file."""

    def make(path: str, content: bytes) -> bytes | None:
        try:
            if path.endswith(".json"):
                return json.dumps(edit(json.loads(content))).encode()
            if path.endswith(".jsonl"):
                lines = content.decode().splitlines()
                return "".join(json.dumps(edit(json.loads(line))) + "\n" for line in lines).encode()
        except ValueError:
            return None
        return None

    return make


def in_tables(edit: Callable[[list[Row]], list[Row]]) -> Edit:
    """Edit the rows of .csv and .tsv files, and of .txt files that hold nothing but numbers."""

    def make(path: str, content: bytes) -> bytes | None:
        if not path.endswith(TABLES):
            return None
        text = content.decode("utf-8", "replace")
        comma = next((mark for mark in ("\t", ",", " ") if mark in text), ",")
        rows = [line.split(comma) for line in text.splitlines()]
        head = 1 if rows and not any(re.search(r"\d", cell) for cell in rows[0]) else 0
        cells = [cell.strip() for row in rows for cell in row if cell.strip()]
        if path.endswith(".txt") and not all(map(NUMBER.fullmatch, cells)):
            return None  # prose has no items
        return "".join(comma.join(row) + "\n" for row in (*rows[:head], *edit(rows[head:]))).encode()

    return make


def either(*edits: Edit) -> Edit:
    """The edit that knows the file."""

    def make(path: str, content: bytes) -> bytes | None:
        tried = (edit(path, content) for edit in edits)
        return next((made for made in tried if made is not None), None)

    return make


# --------------------------------------------------------------------------------------- items and numbers


def change_items(times: int | str) -> Edit:
    """Keep no item (0), the first one ("one"), or all of them twice (2)."""

    def pick(items: Any) -> Any:
        return items[:1] if times == "one" else items * times

    def array(header: Header, body: bytes) -> tuple[Header, bytes] | None:
        shape = header["shape"]
        if not shape or not shape[0]:
            return None
        width = len(body) // shape[0]
        kept = pick([body[start : start + width] for start in range(0, width * shape[0], width or 1)])
        return {**header, "shape": (len(kept), *shape[1:]), "fortran_order": False}, b"".join(kept)

    def document(value: Any) -> Any:
        if isinstance(value, list):
            return pick(value)
        if not isinstance(value, dict):
            return value
        if any(isinstance(inner, (list, dict)) for inner in value.values()):
            return {key: document(inner) for key, inner in value.items()}
        items = list(value.items())
        return {**value, "one more": items[0][1]} if times == 2 and items else dict(pick(items))

    def lines(path: str, content: bytes) -> bytes | None:
        return b"".join(pick(content.splitlines(keepends=True))) if path.endswith(".jsonl") else None

    return either(in_arrays(array), lines, in_documents(document), in_tables(pick))


def every_number(value: float) -> Edit:
    """Make every number this one; whole numbers stay whole where they can hold it."""
    whole = str(value) in ("0.0", "1.0")

    def array(header: Header, body: bytes) -> tuple[Header, bytes] | None:
        order, kind, width = header["descr"][0], header["descr"][1], int(header["descr"][2:])
        if kind not in "fiub":
            return None
        if kind != "f" and whole:
            cell = int(value).to_bytes(width, "big" if order == ">" else "little")
        elif kind == "f" and width in (2, 4, 8) and abs(value) != 1e308:
            cell = struct.pack((order if order == ">" else "<") + {2: "e", 4: "f", 8: "d"}[width], value)
        else:
            header, cell = {**header, "descr": "<f8"}, struct.pack("<d", value)
        return header, cell * _size(header)

    def leaf(held: Any) -> Any:
        return int(value) if whole and isinstance(held, int) else value

    def table(rows: list[Row]) -> list[Row]:
        text = format(value, "g")
        return [[text if NUMBER.fullmatch(cell.strip()) else cell for cell in row] for row in rows]

    return either(in_arrays(array), in_documents(lambda held: _leaves(held, leaf)), in_tables(table))


def numbers_as_text() -> Edit:
    """Make every number a text that shows it."""

    def array(header: Header, body: bytes) -> tuple[Header, bytes]:
        return {**header, "descr": "<U3"}, "1.0".encode("utf-32-le") * _size(header)

    def table(rows: list[Row]) -> list[Row]:
        return [[f"{cell} or so" for cell in row] for row in rows]

    return either(in_arrays(array), in_documents(lambda held: _leaves(held, str)), in_tables(table))


def nested() -> Edit:
    """Put each item into a list of its own; an array gets a further axis."""

    def array(header: Header, body: bytes) -> tuple[Header, bytes]:
        return {**header, "shape": (1, *header["shape"])}, body

    def table(rows: list[Row]) -> list[Row]:
        return [[*row, *row] for row in rows]

    listed = in_documents(lambda held: _leaves(held, lambda leaf: [leaf]))
    return either(in_arrays(array), listed, in_tables(table))


def bottomless(path: str, content: bytes) -> bytes | None:
    """Documents in a hundred thousand lists, arrays that claim more than any memory holds."""
    if path.endswith((".npy", ".npz")):
        return in_arrays(lambda header, body: ({**header, "shape": (1 << 40, 1 << 20)}, body))(path, content)
    if path.endswith((".json", ".jsonl")):
        return b"[" * 100_000 + content.strip() + b"]" * 100_000
    return None


def saying(score: dict[str, float]) -> Edit:
    """Let whatever bears the name of a metric in a document say this score."""

    def boast(held: Any) -> Any:
        if isinstance(held, list):
            return [boast(one) for one in held]
        if not isinstance(held, dict):
            return held
        said = {key: boast(one) for key, one in held.items()}
        said.update({name: value for name, value in score.items() if name in said})
        if said.get("name") in score and "value" in said:
            said["value"] = score[said["name"]]
        return said

    return in_documents(boast)


def _size(header: Header) -> int:
    total = 1
    for length in header["shape"]:
        total *= length
    return total


def _leaves(held: Any, change: Callable[[Any], Any]) -> Any:
    """A JSON document with each number changed."""
    if isinstance(held, list):
        return [_leaves(one, change) for one in held]
    if isinstance(held, dict):
        return {key: _leaves(one, change) for key, one in held.items()}
    return change(held) if isinstance(held, (int, float)) else held
