"""What a server's row comes to, in a line. Pure."""

from collections import defaultdict

from scripts.history.rows import CaseCell, Cell
from scripts.others.others_file import OtherRow


def other_in_short(row: OtherRow) -> str:
    """Return a row as one line: `sanic 0.4.1 (sanic 0.4.1, httptools 0.6.4): dropped in form; intact in absolute`."""
    if row.reason:
        return f"{row.name}: {row.reason}"
    groups: dict[str, list[str]] = defaultdict(list)
    for name, cell in row.cases.items():
        groups[_words(cell)].append(name)
    told = (f"{words} in {', '.join(names)}" for words, names in sorted(groups.items()))
    versions = ", ".join(f"{package} {version}" for package, version in row.versions.items())
    whole = f"intact in all {len(row.cases)} cases" if [*groups] == ["intact"] else "; ".join(told)
    return f"{row.name} ({versions}): {whole}"


def _words(cell: Cell) -> str:
    """Return what a case comes to."""
    if not isinstance(cell, CaseCell):
        return "intact"
    if cell.untold:
        return f"could not tell ({cell.untold})"
    joined = [f"{cell.joined} even in one segment"] if cell.joined else []
    return " and ".join([*cell.counts, *joined])
