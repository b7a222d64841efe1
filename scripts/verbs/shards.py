"""A share of the variants, for work that is spread over several machines. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from scripts.errors import WrongUse

T = TypeVar("T")


@dataclass(frozen=True)
class Shard:
    """One of `count` shares; the first has number 1."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Return the shard that `K/N` names, all there is for an empty text; WrongUse for one that cannot be."""
        if not text:
            return cls(1, 1)
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise WrongUse(f"SHARD={text} is no share", do="Give K/N with K from 1 to N: SHARD=3/8")
        return cls(int(match[1]), int(match[2]))

    def of(self, things: Sequence[T]) -> tuple[T, ...]:
        """Return this share of `things`: they are dealt out in turn, so that no two shares differ by more than one."""
        return tuple(things[self.number - 1 :: self.count])
