"""The answer of `make affected`: one line for people, facts for programs. Pure."""

from collections import defaultdict

from scripts.history.affected import CaseReach, ReleaseFinding, Standing, listed
from scripts.history.eras import Span
from scripts.history.rows import HistoryRow
from scripts.probe.answers import Outcome


def sentence(finding: ReleaseFinding) -> str:
    """Return the answer as one line."""
    return ". ".join((_answer(finding), *_helps(finding), *(note[:1].upper() + note[1:] for note in finding.notes)))


def _answer(finding: ReleaseFinding) -> str:
    """Return the answer alone."""
    subject = f"uvicorn {finding.asked.version}" + (f" with {finding.parser}" if finding.parser else "")
    if finding.standing is Standing.UNKNOWN:
        return f"{subject}: unknown, {finding.why}"
    assert finding.row
    if finding.standing is Standing.INTACT:
        last = finding.last_affected
        since = f"; the last affected release is {last.release}" if last else "; no earlier release is affected"
        return f"{subject} is intact in all {len(finding.row.cases)} cases{since}"
    assert finding.span
    return f"{subject} is affected, {_reach(finding.span)}: {_what(finding)}"


def _reach(span: Span) -> str:
    """Return since when and until when."""
    return f"since {span.first.release}" + (f" until {span.last.release}" if span.after else "")


def _what(finding: ReleaseFinding) -> str:
    """Return what happens by case; cases that come to the same kind of thing are named together."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    joined: dict[tuple[str, str], list[str]] = defaultdict(list)
    for case in finding.cases:
        own = "" if _same(case.span, finding.span) else f"{_reach(case.span)} "
        if case.cell.counts:
            groups[own, listed(case.cell.counts)].append(f"{case.name} {_counted(case)}")
        if case.cell.joined:
            joined[own, case.cell.joined].append(case.name)
    told = [f"{own}{words} in {listed(names)}" for (own, words), names in groups.items()]
    told += [f"{own}{listed(names)} {word} even in one segment" for (own, word), names in joined.items()]
    return "; ".join(told)


def _same(one: Span, other: Span | None) -> bool:
    """Say whether two spans begin and end with the same releases."""
    return other is not None and (one.first.release, one.last.release) == (other.first.release, other.last.release)


def _counted(case: CaseReach) -> str:
    """Return at how many offsets a case fails: `(3,901 of 3,926)`."""
    return f"({sum(case.cell.counts.values()):,} of {case.bytes - 1:,})"


def _helps(finding: ReleaseFinding) -> list[str]:
    """Return what helps, nothing where nothing needs to."""
    if finding.standing is not Standing.AFFECTED:
        return []
    ways = [f"upgrade to {finding.upgrade.release} or later"] if finding.upgrade else []
    ways += [f"run it with --http {parser}" for parser in finding.other_parsers]
    if not ways:
        return ["No release of the history helps"]
    told = ", or ".join(ways)
    return [told[:1].upper() + told[1:]]


def facts(finding: ReleaseFinding) -> dict[str, object]:
    """Return the answer for programs."""

    def named(row: HistoryRow | None) -> str | None:
        return row.release if row else None

    span, row = finding.span, finding.row
    return {
        "asked": finding.asked.text,
        "release": str(finding.asked.version),
        "parser": finding.parser,
        "answer": finding.standing,
        "why": finding.why,
        "since": named(span.first) if span else None,
        "until": named(span.last) if span and span.after else None,
        "last_affected": named(span.last if span else finding.last_affected),
        "upgrade": named(finding.upgrade),
        "http": list(finding.other_parsers),
        "cases": {
            case.name: {
                "splits": case.bytes - 1,
                "outcomes": {outcome.value: count for outcome, count in case.cell.counts.items()},
                "joined": case.cell.joined or Outcome.INTACT,
                "since": named(case.span.first),
                "until": named(case.span.last) if case.span.after else None,
                "first_intact": named(case.span.after),
            }
            for case in finding.cases
        },
        "measured": list(row.cases) if row else [],
        "untold": finding.untold,
        "measured_with": {"python": row.python, **row.versions} if row and row.cases else {},
        "notes": list(finding.notes),
        "text": sentence(finding),
    }
