"""Adding a release to the matrix: its folder, its pins, its branch, its verdict.

What is written is not undone here: `scripts.branches.undo` does that for whoever calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.branches.generate import BranchChange, main_commit, regenerate
from scripts.files import write_whole
from scripts.matrix import PARSERS, Matrix, Variant, load
from scripts.pins.compile import Pinned, pin
from scripts.pins.jobs import text_of, tools_path
from scripts.pins.wheel import PACKAGE
from scripts.probe.cases import load_cases
from scripts.releases.choose import Release, choose
from scripts.releases.index import releases
from scripts.releases.template import NewVariant, moved, new_variant
from scripts.runtimes import Runtime
from scripts.verdicts.measure_variant import Watch, measure_variants
from scripts.verdicts.neighbours import news
from scripts.verdicts.verdict import Verdict
from scripts.verdicts.verdict_file import read_verdict, write_verdict


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


def runtime_path(runtime: Runtime) -> str:
    """Return the place of a runtime's file, from the checkout's root."""
    return f"common/runtimes/{runtime.name}.toml"


def known_releases() -> list[Release]:
    """Return the releases of uvicorn that the package index lists; raises what `index.releases` raises."""
    return releases(PACKAGE)


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


def add(root: Path, addition: Addition, watch: Watch) -> Added:
    """Write, pin, build and measure a new variant of the checkout at `root`; Failure where a step fails."""
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
    return Added(matrix, variant, pinned, change, verdict, _news(matrix, variant))


def _news(matrix: Matrix, variant: Variant) -> str:
    """Return in what a variant's verdict differs from those on its neighbours; only plain releases have such."""
    if not variant.is_plain:
        return ""
    verdicts = {each.version: read_verdict(each) for each in matrix.variants if each.is_plain}
    return news(variant.version, {version: verdict.has_issue for version, verdict in verdicts.items() if verdict})
