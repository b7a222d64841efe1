"""The look-up: what a text means, and that its answers are those of `make affected`, in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from playwright.sync_api import Browser, Page

from scripts.errors import WrongUse
from scripts.history.affected import find
from scripts.history.affected_words import sentence
from scripts.history.asked import read_asked
from tests.report.site.sample import releases, sample

RELAXED = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""A browser answers when it does; the page is the same for every example, and keeps nothing."""

NUMBERS = st.lists(st.integers(0, 60), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
NEAR = st.one_of(NUMBERS, st.sampled_from([each for each in releases() if "post" not in each]))
BEHIND = st.tuples(
    st.sampled_from(["", "a1", "b2", "rc1", ".alpha", "-beta-3", "c0", "pre4"]),
    st.sampled_from(["", ".post1", "-1", "post", ".rev2", "-r3"]),
    st.sampled_from(["", ".dev0", "dev3"]),
)
VERSIONS = st.builds(lambda number, behind: number + "".join(behind), NEAR, st.one_of(st.just(("",)), BEHIND))
PLAIN_CLAUSES = st.builds("{}{}".format, st.sampled_from(["==", "!=", ">=", "<=", ">", "<"]), VERSIONS)
PREFIXES = st.builds("{}{}.*".format, st.sampled_from(["==", "!="]), NUMBERS)
COMPATIBLE = st.builds("~=0.{}{}".format, st.integers(0, 55), st.sampled_from(["", ".0", ".2", ".3.1"]))
RANGES = st.lists(st.one_of(PLAIN_CLAUSES, PREFIXES, COMPATIBLE), min_size=1, max_size=3).map(",".join)


@pytest.fixture(scope="module")
def page(chromium: Browser, folder: Path) -> Iterator[Page]:
    """Open the page of the look-up from its folder, once for all."""
    context = chromium.new_context()
    opened = context.new_page()
    opened.goto((folder / "index.html").as_uri())
    yield opened
    context.close()


def look_up(page: Page, text: str, parser: str = "") -> Any:
    """Ask the page."""
    return page.evaluate("([text, parser]) => lookUp(HISTORY, text, parser)", [text, parser])


def lines(found: Any) -> list[str]:
    """Return the answers' lines."""
    return [answer.get("line") or answer["title"] for answer in found["answers"]]


@RELAXED
@given(versions=st.lists(VERSIONS, min_size=2, max_size=12))
def test_versions_are_put_in_the_order_of_pep_440(page: Page, versions: list[str]) -> None:
    """As `packaging` puts them, which pip and `make affected` use."""
    ordered = "versions => versions.map(parseVersion).sort(compare).map(spelt)"
    assert [Version(each) for each in page.evaluate(ordered, versions)] == sorted(map(Version, versions))


@RELAXED
@given(ranges=st.lists(RANGES, min_size=1, max_size=12))
def test_a_range_has_the_releases_that_pip_would_take(page: Page, ranges: list[str]) -> None:
    """Pre-releases only where the range names one, or where nothing else is in it."""
    every = [*releases(), "0.55.0rc1", "0.56.0.dev1"]
    found = page.evaluate("([every, ranges]) => ranges.map((each) => within(every, each))", [every, ranges])
    assert found == [list(SpecifierSet(each).filter(every)) for each in ranges]


def test_each_release_gets_the_line_of_make_affected(page: Page) -> None:
    """With each of its parsers, and with the one that it takes by itself."""
    history = sample()
    asked = sorted({(row.release, parser) for row in history.rows for parser in (row.parser, "")})
    told = page.evaluate("(asked) => asked.map((each) => lookUp(HISTORY, ...each).answers[0].line)", asked)
    assert told == [sentence(find(history, read_asked(release), parser)) for release, parser in asked]


@RELAXED
@given(
    version=st.one_of(
        VERSIONS,
        st.sampled_from(["1:0.17.6-1", "0.27.0~rc1-2", "0.11.3-py36_0", "v0.16", "0.16.0+corp"]),
    ),
    parser=st.sampled_from(["", "httptools", "h11", "zttp"]),
)
def test_any_version_gets_the_line_of_make_affected(page: Page, version: str, parser: str) -> None:
    """Newer ones, pre-releases, rebuilds of distributions; where make affected refuses, the page has no answer."""
    [told] = look_up(page, version, parser)["answers"]
    try:
        expected = sentence(find(sample(), read_asked(version), parser))
    except WrongUse as error:
        expected = error.what
    assert told.get("line", told["title"][: len(expected)]) == expected


@pytest.mark.parametrize(
    "text",
    [
        "uvicorn-0.16.0-py3-none-any.whl",
        "0.16.0-py3-none-any.whl",
        "uvicorn-0.16.0.tar.gz",
        "uvicorn-0.16.0.zip",
        "uvicorn-0.16.0-py39_0",
        "py39-uvicorn-0.15.0,1",
        "py39-uvicorn-0.15.0_2,1",
        "python3-uvicorn-0.32.0-1.fc41.noarch",
    ],
)
def test_a_packages_whole_name_gets_the_line_of_make_affected(page: Page, text: str) -> None:
    """With what must be said of a distribution's rebuild, and without where the file is uvicorn's own."""
    assert lines(look_up(page, text)) == [sentence(find(sample(), read_asked(text), ""))]


PASTED = {
    "pip freeze": ("click==7.1.2\nh11==0.9.0\nuvicorn==0.16.0\n", "0.16.0", "h11"),
    "pip freeze with httptools": ("h11==0.9.0\nhttptools==0.2.0\nuvicorn==0.16.0\n", "0.16.0", "httptools"),
    "pip list": ("Package    Version\n---------- -------\nuvicorn    0.16.0\n", "0.16.0", ""),
    "requirements": ("uvicorn[standard]==0.16.0 ; python_version >= '3.7'  # the server\n", "0.16.0", "httptools"),
    "hashes": ("uvicorn==0.16.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via -r a.in\n", "0.16.0", ""),
    "wheel": ("uvicorn @ https://example.org/uvicorn-0.16.0-py3-none-any.whl#sha256=aa", "0.16.0", ""),
    "git": ("uvicorn @ git+https://github.com/encode/uvicorn@0.16.0", "0.16.0", ""),
    "Dockerfile": ('RUN pip install "uvicorn[standard]==0.16.0"\nCMD ["uvicorn", "app:app"]', "0.16.0", "httptools"),
    "Dockerfile, --http": ('RUN pip install uvicorn==0.16.0\nCMD ["uvicorn","--http","h11","a:a"]', "0.16.0", "h11"),
    "uv.lock": (
        '[[package]]\nname = "app"\ndependencies = [\n    { name = "uvicorn", extra = ["standard"] },\n]\n\n'
        '[package.metadata]\nrequires-dist = [{ name = "uvicorn", extras = ["standard"], specifier = ">=0.12" }]\n\n'
        '[[package]]\nname = "uvicorn"\nversion = "0.16.0"\nsource = { registry = "https://example.org" }\n',
        "0.16.0",
        "httptools",
    ),
    "poetry.lock": ('[[package]]\nname = "uvicorn"\nversion = "0.16.0"\ndescription = "."\n', "0.16.0", ""),
    "Pipfile.lock": ('"uvicorn": {\n "hashes": [\n "sha256:aa"\n ],\n "version": "==0.16.0"\n}', "0.16.0", ""),
    "pip list as JSON": ('[{"name": "uvicorn", "version": "0.16.0"}]', "0.16.0", ""),
    "conda": ("dependencies:\n  - uvicorn=0.16.0=py39_0\n", "0.16.0", ""),
    "uvicorn --version": ("Running uvicorn 0.16.0 with CPython 3.8.18 on Linux", "0.16.0", ""),
    "rpm": ("python3-uvicorn-0.32.0-1.fc41.noarch", "0.32.0", ""),
    "apt list": ("Listing...\npython3-uvicorn/stable,now 0.17.6-1 all [installed]\n", "0.17.6", ""),
    "apt show": ("Package: python3-uvicorn\nVersion: 0.17.6-1\nPriority: optional\n", "0.17.6", ""),
    "rpm -qi": ("Name        : python3-uvicorn\nVersion     : 0.32.0\nRelease     : 1.fc41\n", "0.32.0", ""),
    "pip show": ("Name: uvicorn\r\nVersion: 0.16.0\r\nSummary: .\r\nRequires: click, h11\r\n", "0.16.0", ""),
    "uvx": ("uvx uvicorn@0.16.0 app:app", "0.16.0", ""),
    "uvx with an extra": ("uvx 'uvicorn[standard]@0.16.0' app:app", "0.16.0", "httptools"),
    "typed": (" v0.16.0 ", "0.16.0", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", PASTED)
def test_the_version_and_the_parser_are_found_in_what_is_pasted(page: Page, name: str) -> None:
    """In the forms in which people have them."""
    text, version, parser = PASTED[name]
    found = look_up(page, text)
    assert [answer["release"] for answer in found["answers"]] == [version]
    assert found["answers"][0]["parser"] == (parser or "httptools")
    assert bool(found["because"]) == bool(parser)


RANGED = {
    "uvicorn[standard]>=0.12,<0.18": ("0.12.0", "0.17.6"),
    "uvicorn >= 0.12, < 0.18": ("0.12.0", "0.17.6"),
    ">=0.12,<0.18": ("0.12.0", "0.17.6"),
    "0.12.*": ("0.12.0", "0.12.3"),
    "uvicorn~=0.12.1": ("0.12.1", "0.12.3"),
    "uvicorn==0.12.*": ("0.12.0", "0.12.3"),
    'uvicorn = "^0.12"': ("0.12.0", "0.12.3"),
    'uvicorn = "0.12.*"': ("0.12.0", "0.12.3"),
    'uvicorn = {version = "0.12.*", extras = ["standard"]}': ("0.12.0", "0.12.3"),
    "  - uvicorn 0.12.*": ("0.12.0", "0.12.3"),
    'uvicorn = {version = "^0.12.1", extras = ["standard"]}': ("0.12.1", "0.12.3"),
    "uvicorn (>=0.50)": ("0.50.0", "0.54.0"),
}


@pytest.mark.parametrize("text", RANGED)
def test_a_range_gets_the_answer_for_each_end(page: Page, text: str) -> None:
    """And that it is a range, with how many of its releases are affected."""
    found = look_up(page, text)
    assert tuple(answer["release"] for answer in found["answers"]) == RANGED[text]
    assert "is a range of" in found["lead"]


def test_a_range_across_the_boundary_is_affected_in_part(page: Page) -> None:
    """0.12.0 to 0.17.4 are affected, 0.17.5 and 0.17.6 are not."""
    found = look_up(page, "uvicorn[standard]>=0.12,<0.18")
    assert "a range of 20 releases, and 18 of them are affected: affected in part" in found["lead"]
    assert [answer["standing"] for answer in found["answers"]] == ["affected", "intact"]


NO_ANSWER = {
    "abc": "“abc” is no version of uvicorn",
    "0.16.0.0.x": "is no version of uvicorn",
    "flask==1.0\nclick==7.0": "The lines do not name uvicorn",
    "uvicorn-worker==0.2.0\nflask==1.0": "The lines do not name uvicorn",
    "gunicorn==20.0\n    # via uvicorn": "The lines do not name uvicorn",
    "uvicorn --hash=sha256:aa": "with a hash alone",
    'uvicorn = {hashes = ["sha256:aa"]}': "with a hash alone",
    "fastapi\nuvicorn\n": "name uvicorn without a version",
    "systemctl restart uvicorn@8000.service": "name uvicorn without a version",
    "uvx uvicorn@latest": "name uvicorn without a version",
    "uvicorn/main.py 12 lines": "name uvicorn without a version",
    "Name: h11\nVersion: 0.14.0\nRequired-by: uvicorn\n": "name uvicorn without a version",
    'CMD ["uvicorn", "app:app"]': "name uvicorn without a version",
    "uvicorn>=99": "No release of the history is in the range >=99",
    "uvicorn>=0.12.*": "is a range that cannot be read",
}


@pytest.mark.parametrize("text", NO_ANSWER)
def test_what_has_no_answer_gets_a_clear_line(page: Page, text: str) -> None:
    """Which says what is missing, and never an answer."""
    found = look_up(page, text)
    assert found["answers"] == []
    assert NO_ANSWER[text] in found["lead"]


def test_two_versions_get_an_answer_each(page: Page) -> None:
    """And the line that there are two; one version written twice is one."""
    found = look_up(page, "uvicorn==0.16.0 ; python_version < '3.8'\nuvicorn==0.30.1\nuvicorn==0.16")
    assert found["lead"].startswith("2 versions of uvicorn stand there")
    assert [answer["standing"] for answer in found["answers"]] == ["affected", "intact"]


def test_a_parser_that_the_user_chooses_must_be_the_releases(page: Page) -> None:
    """One that stands in the lines gives way to the release's own choice."""
    assert lines(look_up(page, "0.16.0", "zttp")) == [
        "uvicorn 0.16.0 has no parser 'zttp'. In the history 0.16.0 has httptools and h11"
    ]
    assert look_up(page, "uvicorn==0.2.0\nh11==0.7")["answers"][0]["parser"] == "httptools"


@RELAXED
@given(st.text(max_size=200))
def test_no_text_stops_the_look_up(page: Page, text: str) -> None:
    """Whatever is pasted, there is a line or an answer, or nothing was typed."""
    found = look_up(page, text)
    assert bool(found["lead"] or found["answers"]) == bool(page.evaluate("(text) => text.trim()", text))
