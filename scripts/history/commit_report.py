"""What a search for a commit has found: a report in Markdown, facts for programs, a line of the history. Pure."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.history.bisect import CommitSearch, MeasuredCommit, in_words
from scripts.history.clones import UvicornCommit
from scripts.history.rows import HistoryCommit


@dataclass(frozen=True)
class SearchFacts:
    """What was searched for."""

    case: str
    bytes: int
    parser: str
    start: str
    end: str
    repository: str
    """Its address, or the folder."""
    day: dt.date
    """Of the measurement."""


def report(found: CommitSearch, facts: SearchFacts) -> str:
    """Return the report."""
    return "\n".join(_lines(found, facts)) + "\n"


def _lines(found: CommitSearch, facts: SearchFacts) -> Iterator[str]:
    """Yield the report's lines."""
    yield f"### `{facts.case}` with {facts.parser}, from {facts.start} to {facts.end}"
    yield ""
    one = len(found.candidates) == 1
    few = f" is one of {len(found.candidates)}, for some of them cannot be measured"
    yield f"The first commit with the other outcome{'' if one else few}:"
    yield ""
    for commit in found.candidates:
        yield f"- {_named(commit, facts)}"
    yield ""
    yield f"| | commit | of {facts.bytes - 1:,} splits | {facts.parser} | Python |"
    yield "| --- | --- | --- | --- | --- |"
    for word, each in (("before", found.before), ("after", found.after)):
        version, subject = each.versions.get(facts.parser, ""), each.commit.subject.replace("|", "\\|")
        yield f"| {word} | {each.commit.short} {subject} | {_counts(each, facts)} | {version} | {each.python} |"
    yield ""
    if differing := _differing(found):
        told = ", ".join(f"{name} {before} before, {after} after" for name, (before, after) in differing.items())
        yield f"Not uvicorn alone differs: {told}."
        yield ""
    yield (
        f"Measured on {facts.day} on a bare ASGI app, each commit with the dependencies of its day: "
        f"{facts.bytes:,} bytes, split in two at each of their {facts.bytes - 1:,} offsets. All that was measured:"
    )
    yield ""
    for each in sorted(found.measured, key=lambda each: each.commit.committed):
        yield f"- {_dated(each.commit)}: {_counts(each, facts)}"
    for skipped in found.skipped:
        yield f"- {_dated(skipped.commit)}: skipped, {skipped.why}"


def told(found: CommitSearch, facts: SearchFacts) -> dict[str, object]:
    """Return what was found, for programs."""

    def commit(each: UvicornCommit) -> dict[str, object]:
        return {
            "commit": each.commit,
            "date": each.committed.date().isoformat(),
            "subject": each.subject,
            "pull_request": each.pull_request,
        }

    def outcome(each: MeasuredCommit) -> dict[str, object]:
        versions = {"python": each.python, **each.versions}
        return {**commit(each.commit), "outcome": in_words(each.cell), "measured_with": versions}

    return {
        "case": facts.case,
        "parser": facts.parser,
        "from": facts.start,
        "to": facts.end,
        "repository": facts.repository,
        "measured": facts.day.isoformat(),
        "first": [commit(each) for each in found.candidates],
        "before": outcome(found.before),
        "after": outcome(found.after),
        "commits": [outcome(each) for each in found.measured],
        "skipped": [{**commit(each.commit), "why": each.why} for each in found.skipped],
        "git_bisect_log": found.log,
    }


def as_history(found: CommitSearch, facts: SearchFacts) -> HistoryCommit | None:
    """Return the line of the history file, or None where it is not known which commit it is."""
    if len(found.candidates) != 1:
        return None
    (commit,) = found.candidates
    return HistoryCommit(
        case=facts.case,
        parser=facts.parser,
        start=facts.start,
        end=facts.end,
        commit=commit.commit,
        date=commit.committed.date(),
        subject=commit.subject,
        pull_request=commit.pull_request,
        measured=facts.day,
        beside=_differing(found),
    )


def _named(commit: UvicornCommit, facts: SearchFacts) -> str:
    """Return a commit with its date, its subject and its pull request, linked where the repository is on the web."""
    web = facts.repository.removesuffix(".git") if facts.repository.startswith("https://") else ""
    name = f"[{commit.short}]({web}/commit/{commit.commit})" if web else commit.commit
    text = f"{name} of {commit.committed.date()}: {commit.subject}"
    if commit.pull_request and web:
        text += f", pull request [{commit.pull_request}]({web}/pull/{commit.pull_request})"
    elif commit.pull_request:
        text += f", pull request {commit.pull_request}"
    return text


def _counts(each: MeasuredCommit, facts: SearchFacts) -> str:
    """Return what a commit came to, with the count of those that are intact."""
    words = in_words(each.cell)
    return f"all {facts.bytes - 1:,} intact" if words == "intact" else words


def _answering(each: MeasuredCommit) -> dict[str, str]:
    """Return what answered beside uvicorn."""
    return {"Python": each.python, **each.versions}


def _differing(found: CommitSearch) -> dict[str, tuple[str, str]]:
    """Return what answered beside uvicorn and differs, with its versions before and after."""
    before, after = _answering(found.before), _answering(found.after)
    both = {name: (before.get(name, "none"), after.get(name, "none")) for name in {**before, **after}}
    return {name: versions for name, versions in both.items() if versions[0] != versions[1]}


def _dated(commit: UvicornCommit) -> str:
    """Return a commit's id and its day."""
    return f"{commit.short} of {commit.committed.date()}"
