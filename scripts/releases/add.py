"""Adding a release to the matrix: its folder, its pins, its branch, its verdict, its rows in what is rendered.

All of it or nothing: where a step fails, files and branches are as they were.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from scripts.branches.generate import BranchChange, main_commit, regenerate
from scripts.branches.git import open_repository, read_tips
from scripts.branches.undo import UPDATE, Before, all_or_nothing, contents
from scripts.errors import Failure
from scripts.files import write_all, write_whole
from scripts.matrix import PARSERS, Matrix, Variant, load
from scripts.pins.compile import Pinned, pin
from scripts.pins.index import Release, releases
from scripts.pins.jobs import text_of, tools_path
from scripts.pins.patched_wheel import PACKAGE
from scripts.probe.cases import load_cases
from scripts.releases.choose import choose
from scripts.releases.new_variant import NewVariant, moved, new_variant
from scripts.runtimes import Runtime
from scripts.verdicts.measure_variant import Watch, measure_variants
from scripts.verdicts.neighbours import news
from scripts.verdicts.verdict import Verdict
from scripts.verdicts.verdict_file import read_verdict, write_verdict

Render = Callable[[Matrix], Mapping[Path, str]]
"""Gives the files that people read, as a matrix wants them, by their paths from the root."""


@dataclass(frozen=True)
class Addition:
    """A release that shall become a variant."""

    release: Release
    runtime: Runtime
    variant: NewVariant
    runtime_toml: str
    """The text of the runtime's file, moved on where the release is newer than what it is resolved as of."""

    def folder(self, root: Path) -> Path:
        """Return the folder that it gets in the checkout at `root`."""
        return root / "variants" / self.variant.name

    def files(self, root: Path) -> list[Path]:
        """Return the files outside its folder that adding it may write in the checkout at `root`."""
        return [root / runtime_path(self.runtime), root / tools_path(self.runtime)]


@dataclass(frozen=True)
class Added:
    """What became of it."""

    matrix: Matrix
    """As it is now."""
    variant: Variant
    pinned: Sequence[Pinned]
    change: BranchChange
    verdict: Verdict
    news: str
    """In what its verdict differs from those on its neighbours; empty where it does not."""
    written: Mapping[Path, bool]
    """The rendered files, by their paths from the root, and whether that changed them."""


def runtime_path(runtime: Runtime) -> str:
    """Return the place of a runtime's file, from the checkout's root."""
    return f"common/runtimes/{runtime.name}.toml"


def known_releases() -> list[Release]:
    """Return the releases of uvicorn that the package index lists; raises what `index.releases` raises."""
    return releases(PACKAGE)


def variant_of(matrix: Matrix, version: Version, http: str) -> Variant | None:
    """Return the variant of a release as it is, read by the parser `http`, or None where there is none."""
    fit = (each for each in matrix.variants if each.version == version and each.http == http and not each.patch)
    return next(fit, None)


def newest_there(matrix: Matrix, *, pre: bool) -> Version | None:
    """Return the newest release that is a variant as it is; a pre-release only where `pre` lets it count."""
    plain = (each.version for each in matrix.variants if each.is_plain)
    return max((version for version in plain if pre or not version.is_prerelease), default=None)


def plan(
    matrix: Matrix,
    runtimes: Sequence[Runtime],
    release: Release,
    *,
    newest: bool = False,
    parser: str = PARSERS[0],
    model: Variant | None = None,
) -> Addition:
    """Return what adding a release that answers with `parser` means; nothing is written.

    `runtimes` are those to choose from; a `model` brings its own, and its parser. Failure when none of them takes the
    release.
    """
    runtime = choose(release, [model.runtime] if model else runtimes)
    model_in = text_of(model.folder / "requirements.in") if model else ""
    variant = new_variant(release, runtime, newest=newest, parser=parser, model=model, model_in=model_in)
    toml = moved(text_of(matrix.root / runtime_path(runtime)), release, runtime)
    return Addition(release, runtime, variant, toml)


def add(matrix: Matrix, addition: Addition, watch: Watch, render: Render) -> Added:
    """Write, pin, build and measure a new variant, and render it; Failure, with all as it was, where a step fails.

    The caller holds the lock of the note UPDATE.
    """
    root = matrix.root
    ref = f"refs/heads/{addition.variant.branch}"
    tip = read_tips(open_repository(root), [ref]).get(ref)
    with _naming(addition):
        before = Before(
            f"adding {addition.release.name}",
            files=contents(root, [*addition.files(root), *(root / path for path in render(matrix))]),
            folder=addition.folder(root).relative_to(root).as_posix(),
            refs={ref: (tip.commit if tip else "", None)},
        )
        with all_or_nothing(root / UPDATE, root, before):
            return _add(root, addition, watch, render)


def _add(root: Path, addition: Addition, watch: Watch, render: Render) -> Added:
    """Do it, step by step."""
    folder = addition.folder(root)
    source = main_commit(root)  # before anything is written: what adding itself changes makes no branch dirty
    write_whole(root / runtime_path(addition.runtime), addition.runtime_toml)
    write_whole(folder / "variant.toml", addition.variant.variant_toml)
    write_whole(folder / "requirements.in", addition.variant.requirements_in)
    matrix = load(root)
    variant = matrix.one(addition.variant.name)
    pinned = list(pin(matrix, [variant], everything=False))
    (change,) = regenerate(matrix, [variant], source=source)
    ((_, measured),) = measure_variants(root, [change], list(load_cases(root).values()), watch)
    verdict = measured.verdict
    write_verdict(variant, verdict)
    texts = render(matrix)
    changed = write_all({root / path: text for path, text in texts.items()})
    written = {path: root / path in changed for path in texts}
    return Added(matrix, variant, pinned, change, verdict, _news(matrix, variant), written)


@contextmanager
def _naming(addition: Addition) -> Iterator[None]:
    """Say in a failure which release it stopped."""
    try:
        yield
    except Failure as failure:
        what = f"{addition.release.name} is not added, all is as it was"
        raise Failure(what, found=failure.message, lines=failure.lines, exit_code=failure.exit_code) from failure


def _news(matrix: Matrix, variant: Variant) -> str:
    """Return in what a variant's verdict differs from those on its neighbours; only plain releases have such."""
    if not variant.is_plain:
        return ""
    verdicts = {each.version: read_verdict(each) for each in matrix.variants if each.is_plain}
    return news(variant.version, {version: verdict.has_issue for version, verdict in verdicts.items() if verdict})
