"""Reading the matrix: what is written by hand is refused with one clear line where it is wrong."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.errors import WrongUse, nearest
from scripts.matrix import APP_NAME, BRANCH_NAME, VARIANT_NAME, Matrix, app_name, load

PROJECT = Path(__file__).resolve().parents[2]

SEED_BRANCHES = {
    "v0.11.8": "quart",
    "patched": "quart-patched-uvicorn",
    "v0.12.0": "quart-uvicorn-v0.12.0",
    "v0.12.1": "quart-uvicorn-v0.12.1",
    "v0.12.2": "quart-uvicorn-v0.12.2",
    "v0.12.3": "quart-uvicorn-v0.12.3",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Copy what the matrix is read from."""
    for name in ("common", "variants"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def matrix() -> Matrix:
    """Read the project's own matrix."""
    return load(PROJECT)


def edit(path: Path, old: str, new: str) -> None:
    """Replace `old`, which must be there, in a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_originals_branches_keep_their_names(matrix: Matrix) -> None:
    """Whoever has an old address of a branch still finds it."""
    assert {v.name: v.branch for v in matrix.variants if v.name in SEED_BRANCHES} == SEED_BRANCHES


def test_variants_stand_in_the_order_of_their_uvicorn(matrix: Matrix) -> None:
    """The table goes up by release, and a patched release follows the plain one."""
    names = [v.name for v in matrix.variants]
    assert names.index("v0.11.8") < names.index("patched") < names.index("v0.12.0")
    assert [v.version for v in matrix.variants] == sorted(v.version for v in matrix.variants)


def test_the_latest_variant_has_the_newest_uvicorn_unpatched(matrix: Matrix) -> None:
    """A patched wheel is not a release, and with another parser it is a release beside itself."""
    assert matrix.latest.version == max(v.version for v in matrix.variants)
    assert matrix.latest.is_plain


@pytest.mark.parametrize(
    ("name", "http", "named"),
    [("v0.54.0", "httptools", False), ("v0.54.0-h11", "h11", True), ("v0.54.0-zttp", "zttp", True)],
)
def test_a_variant_says_what_reads_http(matrix: Matrix, name: str, http: str, named: bool) -> None:
    """Uvicorn takes httptools by itself; any other must be named to it."""
    variant = matrix.one(name)
    assert (variant.http, variant.names_parser, variant.is_plain) == (http, named, not named)


def test_a_patched_variant_asks_for_its_local_version(matrix: Matrix) -> None:
    """The index has no release of that version, so nothing else can be installed in its place."""
    assert str(matrix.one("patched").requirement) == "0.11.8+issue344.1"


@pytest.mark.parametrize("name", ["", "all"])
def test_all_variants_are_chosen_by_no_name_or_by_all(matrix: Matrix, name: str) -> None:
    """What works for one works for all of them."""
    assert matrix.select(name) == matrix.variants


@pytest.mark.parametrize(
    ("name", "hint"), [("v0.12.9", "v0.12."), ("pached", "patched"), ("zzz", "There are: v0.11.8")]
)
def test_an_unknown_variant_is_answered_with_the_nearest(matrix: Matrix, name: str, hint: str) -> None:
    """A slip of the finger is mended by reading the error."""
    with pytest.raises(WrongUse, match=hint) as caught:
        matrix.select(name)
    assert repr(name) in caught.value.message


def test_one_variant_must_be_named_where_one_is_needed(matrix: Matrix) -> None:
    """The error shows how."""
    with pytest.raises(WrongUse, match=r"VARIANT=v0\.11\.8"):
        matrix.one("")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("variants/v0.12.1/variant.toml", "uvicorn =", "uvicron =", "uvicron"),
        ("variants/v0.12.1/variant.toml", '"0.12.1"', "12", "Expected `str`, got `int`"),
        ("variants/v0.12.1/variant.toml", '"0.12.1"', '"twelve"', "'twelve' is no PEP 440 version"),
        ("variants/v0.12.1/variant.toml", '"python3.8"', '"python3.7"', "Did you mean python3.8"),
        ("variants/v0.12.1/variant.toml", "uvicorn = ", "uvicorn ", "v0.12.1/variant.toml is wrong"),
        ("variants/v0.12.1/variant.toml", '"quart-uvicorn-v0.12.1"', '"quart"', "have the same branch: quart"),
        ("variants/v0.12.1/variant.toml", '"quart-uvicorn-v0.12.1"', '"main"', "is not for variants"),
        ("variants/v0.12.1/variant.toml", '"quart-uvicorn-v0.12.1"', '"a..b"', "no good branch name"),
        ("variants/v0.12.1/variant.toml", '"quart-uvicorn-v0.12.1"', '"--force"', "no good branch name"),
        ("variants/v0.12.1/variant.toml", '"quart-uvicorn-v0.12.1"', '"a.lock"', "no good branch name"),
        ("variants/v0.54.0-zttp/variant.toml", '"zttp"', '"ztpt"', "unknown parser 'ztpt'. Did you mean zttp?"),
        ("variants/v0.11.8-h11/variant.toml", '"h11"', '"nothing"', "There are: httptools, h11, zttp"),
        ("variants/patched/variant.toml", "4b70", "4g70", "64 hexadecimal digits"),
        ("variants/patched/variant.toml", '"issue344.1"', '"issue 344"', "no PEP 440 local version label"),
        ("common/runtimes/python3.8.toml", '"container"', '"heroku-24"', "an image belongs to the container stack"),
        ("common/runtimes/python3.8.toml", 'python = "3.8"', 'python = "3"', "not of the form 3.N"),
        ("common/runtimes/python3.8.toml", '"python:3.8', '"python 3.8', "no image's name"),
        ("common/runtimes/python3.13.toml", '["zttp"]', '["z ttp"]', "'z ttp', which is no requirement"),
        ("common/project.toml", "app_prefix", "prefix", "prefix"),
        ("common/project.toml", '/uvicorn-issue-344"', '"', "is not OWNER/REPO"),
        ("common/project.toml", ".invalid>", ".invalid", "not of the form Name <address>"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_name(root: Path, file: str, old: str, new: str, message: str) -> None:
    """Unknown keys, wrong types, bad names and twins are refused before anything is done."""
    edit(root / file, old, new)
    with pytest.raises(WrongUse) as caught:
        load(root)
    assert message in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("file", ["variant.toml", "requirements.in"])
def test_a_missing_file_is_named(root: Path, file: str) -> None:
    """The error says which file is missing."""
    (root / "variants/v0.12.1" / file).unlink()
    with pytest.raises(WrongUse, match=f"variants/v0.12.1/{file} is missing"):
        load(root)


def test_a_patched_variant_without_patches_is_refused(root: Path) -> None:
    """It would be the plain release under another name."""
    shutil.rmtree(root / "variants/patched/patches")
    with pytest.raises(WrongUse, match=r"patched/patches/ holds no \*.patch"):
        load(root)


@pytest.mark.parametrize("name", ["V0.12", "a b", "-x", "a--b", "a_b", "v0.12.1.", "ünïcode"])
def test_a_folder_that_could_be_no_host_name_is_refused(root: Path, name: str) -> None:
    """A variant's name becomes part of a host name."""
    shutil.copytree(root / "variants/v0.12.1", root / "variants" / name)
    with pytest.raises(WrongUse, match="is no good name"):
        load(root)


@pytest.mark.parametrize("name", ["v0.17.0.post1", "v0.17.0.post1-h11", "v0.12.1-with-a-long-tail"])
def test_a_name_too_long_for_an_app_is_shortened(root: Path, name: str) -> None:
    """Heroku's apps have 30 characters at most; two names that begin alike still give two apps."""
    shutil.copytree(root / "variants/v0.12.1", root / "variants" / name)
    toml = root / "variants" / name / "variant.toml"
    toml.write_text(toml.read_text().replace('branch = "', 'branch = "other-'))
    app = load(root).one(name).app
    assert len(app) == 30
    assert app.startswith("uvicorn-issue-344-v0-1")
    assert app != app_name("uvicorn-issue-344", f"{name}x")


@given(st.text(max_size=40))
def test_names_that_pass_are_harmless(name: str) -> None:
    """Whatever passes has no slash, no space, no control character, no leading dash, and is not a folder's parent."""
    rules: list[Callable[[str], object]] = [VARIANT_NAME.match, APP_NAME.match, BRANCH_NAME.match]
    for rule in rules:
        if rule(name):
            assert name.isascii()
            assert name.isprintable()
            assert not set(name) & set("/\\ ~^:?*[@{\"'$`;&|<>()")
            assert not name.startswith(("-", "."))


@given(st.text(min_size=1, max_size=20), st.lists(st.text(min_size=1, max_size=20), max_size=5))
def test_the_hint_for_an_unknown_word_names_only_known_ones(word: str, known: list[str]) -> None:
    """The hint is one of the known words, or all of them."""
    hint = nearest(word, known)
    assert hint.startswith(("Did you mean ", "There are: "))
    assert any(each in hint for each in known) or hint == "There are: none"


def test_a_variant_is_also_found_by_its_branch() -> None:
    """A branch's name selects its variant, and an unknown name's hint may be a branch."""
    matrix = load(PROJECT)
    assert matrix.select("quart-h11") == matrix.select("v0.11.8-h11")
    with pytest.raises(WrongUse, match=r"unknown variant 'quart-h12'\. Did you mean quart-h11\?$"):
        matrix.one("quart-h12")


def test_a_name_like_no_other_gets_the_list_of_variants() -> None:
    """Branches are too many to list beside them."""
    with pytest.raises(WrongUse, match=r"There are: v0\.11\.8, .*patched") as caught:
        load(PROJECT).select("../etc")
    assert "quart" not in caught.value.message
