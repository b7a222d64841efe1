"""Where in a case's bytes the values of a recording stand: found from the steps themselves. Pure.

A parser hands on what it read, piece by piece and in order, so the next piece is looked for behind the last one.
"""

from collections.abc import Sequence

from scripts.recorder.recording import Kind, Part, Span, Step

Value = tuple[Part, ...]

RawStep = tuple[str, str, Sequence[str]]
"""A step as the instrumented release wrote it down: kind, name and values, all text."""


def placed(data: str, steps: Sequence[RawStep]) -> tuple[Step, ...]:
    """Return the steps with a span in place of each value that stands in the case's bytes `data`.

    These are the values of which it is known where they come from: segments, what callbacks get, a URL and what was
    made of it. ValueError where a callback got what was never sent.
    """
    return _Spans(data).all(steps)


class _Spans:
    """How far the protocol and the parser have come."""

    def __init__(self, data: str) -> None:
        self._data = data
        self._read = 0
        self._parsed = 0
        self._pieces: list[Span] = []
        """The pieces of the present URL."""
        self._url = 0
        """Where the URL begins that the protocol has."""

    def all(self, steps: Sequence[RawStep]) -> tuple[Step, ...]:
        """Return the steps, each placed behind the ones before it."""
        return tuple(Step(Kind(kind), name, self._values(Kind(kind), name, values)) for kind, name, values in steps)

    def _values(self, kind: Kind, name: str, values: Sequence[str]) -> tuple[Value, ...]:
        """Return the values of one step."""
        if kind is Kind.READ:
            return tuple((self._segment(value),) for value in values)
        if kind is Kind.CALL:
            return tuple((self._argument(name, value),) for value in values)
        if kind is Kind.SET:
            return tuple(self._made_of_url(name, value) for value in values)
        if kind is Kind.RAISE:
            return tuple(self._said(value) for value in values)
        return tuple((value,) for value in values)

    def _segment(self, value: str) -> Span:
        """Return where a segment stands: behind the one before."""
        start, self._read = self._read, self._read + len(value)
        return start, self._read

    def _argument(self, name: str, value: str) -> Span:
        """Return where stands what a callback got."""
        start = self._data.find(value, self._parsed)
        if start < 0:
            raise ValueError(f"{name} got {value!r}, which was not sent behind byte {self._parsed}")
        if name == "on_url":
            joins = bool(self._pieces) and self._pieces[-1][1] == start
            self._pieces = [*(self._pieces if joins else []), (start, start + len(value))]
        self._parsed = start + len(value)
        return start, self._parsed

    def _made_of_url(self, name: str, value: str) -> Value:
        """Return a value that was made of the URL: of its last piece, or of all."""
        if not value or not self._pieces or name == "method":
            return (value,)
        if name == "url":
            starts = [self._pieces[-1][0], self._pieces[0][0]]
            self._url = next((start for start in starts if self._data.startswith(value, start)), self._url)
        start = self._data.find(value, self._url, self._parsed)
        return ((start, start + len(value)),) if start >= 0 else (value,)

    def _said(self, value: str) -> Value:
        """Return what an exception says, with the URL's last piece by its place; a piece may be empty."""
        start, end = self._pieces[-1] if self._pieces else (0, 0)
        if start == end or self._data[start:end] not in value:
            return (value,)
        before, _, after = value.partition(self._data[start:end])
        return before, (start, end), after
