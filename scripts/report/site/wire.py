"""The page that shows the wire: the recording, in lines that a template shows and wire.js moves through."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from scripts.errors import Failure
from scripts.probe.answers import Outcome
from scripts.probe.cases import load_cases
from scripts.recorder.record import AGAIN, FILE, read_recording, stale_cases
from scripts.recorder.recording import OFFSET, CaseRecording, Kind, Part, Recording, Run, Step
from scripts.report.site.layout import FOLDER
from scripts.report.site.material import Material

PAGE = "wire.html"

SHOWN_FIRST = ("misroute", 15)
"""The case and the offset that the page shows without JavaScript: where 0.17.4 serves /admin."""

GLOSSES = {
    "on_message_begin": "a request begins",
    "on_url": "a piece of the URL",
    "on_header": "a field",
    "on_headers_complete": "the head ends",
    "on_body": "a piece of the body",
    "on_message_complete": "the request ends",
}
"""What a callback of the parser means."""

SAID = {
    Kind.RAISE: "raises",
    Kind.HAND: "puts the handshake together again, for the WebSocket protocol",
    Kind.APP: "calls the app: {}",
    Kind.LOG: "logs, as {}",
    Kind.WRITE: "writes back",
    Kind.CLOSE: "closes the connection",
}
"""What other steps are; what changes speaks for itself."""

TEXT_KEYS = frozenset({"method", "path"})
"""What is text and not bytes in a scope."""

ESCAPES = {"\r": "\\r", "\n": "\\n\n", "\\": "\\\\"}
"""How bytes are shown that would not be seen; a line's end also ends a line of the page."""


@dataclass(frozen=True)
class Piece:
    """A piece of a line: text, or bytes of the case, of which an offset in `start` or `end` is OFFSET."""

    text: str = ""
    start: int = 0
    end: int = 0

    @property
    def is_span(self) -> bool:
        """Say whether it is bytes of the case."""
        return (self.start, self.end) != (0, 0)

    def at(self, offset: int, data: str) -> str:
        """Return what it shows where the request is split at `offset`."""
        if not self.is_span:
            return self.text
        start, end = (offset if place == OFFSET else place for place in (self.start, self.end))
        return shown(data[start:end])


@dataclass(frozen=True)
class Line:
    """A step as the page has it."""

    kind: str
    said: str
    """What it is, in a word or two."""
    code: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class SideView:
    """What one release made of a case: all its lines, and which of them each run of offsets shows."""

    variant: str
    uvicorn: str
    httptools: str
    lines: tuple[Line, ...]
    runs: tuple[tuple[int, int, Outcome, tuple[int, ...]], ...]

    @property
    def outcomes(self) -> list[tuple[int, int, Outcome]]:
        """Return the offsets of each outcome, in their order, as first and last; without the request sent whole."""
        found: list[tuple[int, int, Outcome]] = []
        for outcome, runs in groupby((run for run in self.runs if run[0]), lambda run: run[2]):
            each = list(runs)
            found.append((each[0][0], each[-1][1], outcome))
        return found

    def at(self, offset: int) -> tuple[Outcome, list[Line]]:
        """Return the outcome and the lines at an offset."""
        _, _, outcome, numbers = next(run for run in self.runs if run[0] <= offset <= run[1])
        return outcome, [self.lines[number] for number in numbers]


@dataclass(frozen=True)
class CaseView:
    """A case on the page."""

    name: str
    shows: str
    data: str
    sides: tuple[SideView, ...]


def wire_pages(material: Material) -> Iterator[tuple[str, str]]:
    """Yield the page and the two files that it has for itself, each with its path in the site.

    WrongUse where there is no recording, Failure where it is of other cases than there are now.
    """
    layout = material.layout
    recording = read_recording(layout.root)
    cases = load_cases(layout.root)
    for why in stale_cases(recording, cases):
        raise Failure(f"{FILE} is stale", found=why, do=AGAIN)
    views = [
        CaseView(name, cases[name].shows, data, tuple(_sides(recording, name)))
        for name, data in recording.cases.items()
    ]
    name, offset = SHOWN_FIRST
    first = next(view for view in views if view.name == name)
    last = len(first.data) - 1
    yield PAGE, layout.render("wire.html.j2", PAGE, views=views, first=first, offset=offset, last=last)
    for path in ("wire.css", "wire.js"):
        yield path, (layout.root / FOLDER / path).read_text("utf-8")


def shown(data: str) -> str:
    """Return bytes, as Latin-1 has them, in visible characters."""
    return "".join(ESCAPES.get(each) or (each if " " <= each <= "~" else f"\\x{ord(each):02x}") for each in data)


def _sides(recording: Recording, name: str) -> Iterator[SideView]:
    """Yield what each release made of a case."""
    for variant, side in recording.sides.items():
        case = side.cases[name]
        numbers: dict[Line, int] = {}
        for step in case.steps:
            numbers.setdefault(line_of(step), len(numbers))
        runs = tuple(
            (
                *run.offsets,
                run.outcome,
                tuple(
                    numbers.setdefault(line, len(numbers))
                    for line in (*(line_of(case.steps[number]) for number in run.steps), _conclusion(case, run))
                ),
            )
            for run in case.runs
        )
        yield SideView(variant, side.uvicorn, side.httptools, tuple(numbers), runs)


def line_of(step: Step) -> Line:
    """Return a step as a line."""
    return Line(step.kind, _said(step), _code(step))


def _said(step: Step) -> str:
    """Return what a step is, in a word or two."""
    if step.kind is Kind.READ:
        return _read(step)
    return GLOSSES[step.name] if step.kind is Kind.CALL else SAID.get(step.kind, "").format(step.name)


def _code(step: Step) -> tuple[Piece, ...]:
    """Return what a step is about, as Python writes it; bytes that were sent or read, as they are."""
    if step.kind is Kind.CALL:
        arguments = [piece for value in step.values for piece in (Piece(", "), *_literal(value))]
        return Piece(f"{step.name}("), *arguments[1:], Piece(")")
    if step.kind in {Kind.SET, Kind.SCOPE}:
        name = {"url": "self.url", "body": "body"}.get(step.name, f'scope["{step.name}"]')
        return Piece(f"{name} = "), *_literal(step.values[0], "" if step.name in TEXT_KEYS else "b")
    if step.kind is Kind.RAISE:
        return Piece(f"{step.name}: "), *_pieces(step.values[0])
    if step.kind is Kind.LOG:
        message, *errors = step.values
        return *_pieces(message), *(Piece(f" ({error[0]})") for error in errors)
    return tuple(piece for value in step.values for piece in _pieces(value))


def _read(step: Step) -> str:
    """Return which segment is read."""
    (span,) = step.values[0]
    if OFFSET not in span:
        return "reads a whole request"
    return "reads segment 1" if span[1] == OFFSET else "reads segment 2"


def _conclusion(case: CaseRecording, run: Run) -> Line:
    """Return the line that says what the client got."""
    if run.outcome is Outcome.INTACT:
        return Line("end", "Intact: the client gets the very answer that the whole request got.")
    served = _served(case, run)
    if run.outcome is Outcome.MISROUTED:
        whole = _served(case, case.runs[0])
        instead = next(url for url, meant in zip(served, whole, strict=False) if url != meant)
        return Line("end", "Misrouted: the client gets a complete answer, to", (Piece(instead),))
    what = "the second request gets no answer" if served else "the client gets no answer"
    return Line("end", f"{run.outcome.capitalize()}: {what}.")


def _served(case: CaseRecording, run: Run) -> list[str]:
    """Return the URLs that apps were called for, in their order."""
    told: list[dict[str, str]] = []
    for step in (case.steps[number] for number in run.steps):
        if step.kind is Kind.APP:
            told.append({})
        elif step.kind is Kind.SCOPE:
            told[-1][step.name] = "".join(str(part) for part in step.values[0])
    return ["?".join(part for part in (url.get("raw_path", url["path"]), url["query_string"]) if part) for url in told]


def _literal(value: tuple[Part, ...], prefix: str = "b") -> tuple[Piece, ...]:
    """Return a value as Python writes it."""
    return Piece(f'{prefix}"'), *_pieces(value), Piece('"')


def _pieces(value: tuple[Part, ...]) -> tuple[Piece, ...]:
    """Return the pieces of a value."""
    return tuple(Piece(shown(part)) if isinstance(part, str) else Piece("", *part) for part in value)
