"""Arbitrary trees of files, as hypothesis makes them."""

from hypothesis import strategies as st

from scripts.branches.tree import BranchFile

AWKWARD = ["a", "a.b", "a-b", "a0", "A", " ", '"', "\\", "\n", "\t", "é", "🙂", "-", ":", "#", "'", "\x7f"]
"""Characters and names that quoting and sorting could get wrong."""

names = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=8),
).filter(lambda name: name not in (".", "..") and name.lower() != ".git" and len(name.encode()) < 200)

paths = st.lists(names, min_size=1, max_size=4).map("/".join)

files = st.builds(BranchFile, st.binary(max_size=60), st.booleans())


def _without_clashes(tree: dict[str, BranchFile]) -> dict[str, BranchFile]:
    """Leave out what lies below a path that is a file."""
    return {
        path: file
        for path, file in tree.items()
        if not any(path.startswith(f"{other}/") for other in tree if other != path)
    }


def trees() -> st.SearchStrategy[dict[str, BranchFile]]:
    """Return trees of up to a dozen files, in folders of up to three levels."""
    return st.dictionaries(paths, files, max_size=12).map(_without_clashes)
