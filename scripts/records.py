"""Strict records of the checkout's files: TOML and JSON decoded into msgspec's Structs, or refused with the place.

What is TOML is written by hand; what is JSON is written here. The file's name says which of the two it is.
"""

from pathlib import Path
from typing import TypeVar

import msgspec

from scripts.errors import WrongUse
from scripts.files import shown, write_whole

T = TypeVar("T")


def decode(content: bytes, name: str, kind: type[T], *, do: str = "") -> T:
    """Return a file's content as a record; WrongUse with its `name`, the place in it, and what to `do`."""
    try:
        if name.endswith(".toml"):
            return msgspec.toml.decode(content, type=kind)
        return msgspec.json.decode(content, type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WrongUse(f"{name} is wrong", found=str(error), do=do) from None


def read_record(path: Path, kind: type[T], *, do: str = "") -> T:
    """Return a file as a record; WrongUse when it is missing or wrong, with what to `do`."""
    found = read_if_there(path, kind, do=do)
    if found is None:
        raise WrongUse(f"{shown(path)} is missing", do=do or "Write it, or remove its folder")
    return found


def read_if_there(path: Path, kind: type[T], *, do: str = "") -> T | None:
    """Return a file as a record, or None where there is no such file; WrongUse when it is wrong."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return decode(content, shown(path), kind, do=do)


def write_record(path: Path, record: msgspec.Struct) -> bool:
    """Write a record as JSON, two spaces a level, in one step; return whether that changed the file."""
    return write_whole(path, msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
