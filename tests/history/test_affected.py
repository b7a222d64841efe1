"""What the history says of a release: the answer, since when, until when, by what, and what helps."""

import pytest

from scripts.errors import WrongUse
from scripts.history.affected import ReleaseFinding, Standing, find
from scripts.history.affected_words import facts, sentence
from scripts.history.asked import read_asked
from scripts.history.rows import INTACT, CaseCell
from tests.history.samples import DROPPED, history, row, story, unmeasured


def found(text: str, parser: str = "") -> ReleaseFinding:
    """Look a release up in the story."""
    return find(story(), read_asked(text), parser)


def test_an_affected_release_has_its_whole_story_in_one_line() -> None:
    """What differs from the release's own span is said with its own."""
    assert sentence(found("0.12.2")) == (
        "uvicorn 0.12.2 with httptools is affected, since 0.10.9 until 0.17.4: dropped in form (3,901 of 3,926); "
        "since 0.11.0 until 0.12.2 dropped in pipelined (16 of 73); "
        "since 0.11.0 until 0.12.2 pipelined hung even in one segment. "
        "Upgrade to 0.17.5 or later, or run it with --http h11"
    )
    assert found("0.12.2").standing.code == 1


def test_an_intact_release_names_the_last_affected_one() -> None:
    """So that the reader knows that it was looked for."""
    assert sentence(found("0.17.5")) == (
        "uvicorn 0.17.5 with httptools is intact in all 2 cases; the last affected release is 0.17.4"
    )
    assert found("0.17.5").standing.code == 0


def test_the_parser_counts() -> None:
    """The same release with h11 is intact, and newer ones with zttp."""
    assert sentence(found("0.12.2", "h11")).startswith("uvicorn 0.12.2 with h11 is intact in all 2 cases; no earlier")
    assert found("0.54.0", "zttp").standing is Standing.INTACT


def test_a_parser_that_the_release_does_not_have_is_refused_with_those_that_it_has() -> None:
    """One that other releases have, and one that none has: the nearest is named."""
    with pytest.raises(WrongUse, match=r"0.17.4 has no parser 'zttp'. In the history 0.17.4 has httptools and h11"):
        found("0.17.4", "zttp")
    with pytest.raises(WrongUse, match=r"parser 'htptools'. Did you mean httptools\? In the history 0.17.4 has"):
        found("0.17.4", "htptools")
    with pytest.raises(WrongUse, match=r"unknown parser 'x'. In the history 0.17.4 has httptools and h11"):
        found("0.17.4", "x")


def test_where_no_other_parser_is_there_an_upgrade_helps() -> None:
    """The first releases have httptools alone."""
    assert sentence(found("0.10.9")).endswith("Upgrade to 0.17.5 or later")


def test_where_nothing_helps_that_is_said() -> None:
    """A bug that no release is free of."""
    bad = history(row("0.9.0", form=DROPPED), row("0.10.0", form=DROPPED))
    assert sentence(find(bad, read_asked("0.9.0"))) == (
        "uvicorn 0.9.0 with httptools is affected, since 0.9.0: dropped in form (3,901 of 3,926). "
        "No release of the history helps"
    )


def test_nobody_is_told_to_upgrade_to_what_was_taken_back() -> None:
    """Neither to a yanked release nor to a pre-release."""
    rows = [row("0.9.0", form=DROPPED), row("0.10.0", form=INTACT, yanked=True), row("0.11.0rc1", form=INTACT)]
    upgrade = find(history(*rows, row("0.12.0", form=INTACT)), read_asked("0.9.0")).upgrade
    assert upgrade
    assert upgrade.release == "0.12.0"


def test_a_distributions_package_is_answered_as_its_release() -> None:
    """With a word on what is not known."""
    assert found("0.17.4-1ubuntu1").standing is Standing.AFFECTED
    assert sentence(found("0.17.4-1ubuntu1")).endswith("patches of its own are not known here")


def test_a_yanked_release_is_said_to_be_one() -> None:
    """It may be installed somewhere all the same."""
    answer = find(history(row("0.9.0", form=INTACT, yanked=True)), read_asked("0.9.0"))
    assert sentence(answer).endswith("0.9.0 was yanked: its makers took it back")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.99.0", "it is newer than the history, which ends with 0.54.0 (intact)"),
        ("0.17.4.post1", "post-release is not in the history: beside it stand 0.17.4 (affected) and 0.17.5 (intact)"),
        ("0.17.5rc1", "pre-release is not in the history: beside it stand 0.17.4 (affected) and 0.17.5 (intact)"),
        ("0.0.1.dev1", "pre-release is not in the history: beside it stand 0.0.9"),
        ("0.0.9", "it was not measured: it does not start"),
    ],
)
def test_what_was_not_measured_is_unknown(text: str, why: str) -> None:
    """Exit code 2, never intact; and the line says what is known of its neighbours."""
    answer = found(text)
    assert answer.standing.code == 2
    assert sentence(answer).endswith(why)


def test_a_release_that_never_was_is_wrong_use() -> None:
    """The nearest one is named."""
    with pytest.raises(WrongUse, match=r"there is no uvicorn 0.17.44 in the history. Did you mean 0.17.4\?"):
        found("0.17.44")


@pytest.mark.parametrize("release", ["0.0.9", "0.99.0", "0.17.4.post1"])
def test_an_unknown_parser_of_an_unmeasured_release_is_wrong_use(release: str) -> None:
    """It is no release's parser."""
    with pytest.raises(WrongUse, match=r"unknown parser 'h12'. Did you mean h11\?"):
        found(release, "h12")


def test_a_history_without_a_release_knows_nothing() -> None:
    """As one that was just begun."""
    assert find(history(), read_asked("0.9.0")).standing is Standing.UNKNOWN


def test_a_parser_that_could_not_be_measured_is_unknown() -> None:
    """While the release's others are known."""
    rows = history(unmeasured("0.9.0", "httptools"), row("0.9.0", "h11", form=INTACT))
    assert find(rows, read_asked("0.9.0")).standing is Standing.UNKNOWN
    assert find(rows, read_asked("0.9.0"), "h11").standing is Standing.INTACT


def test_an_untold_case_makes_no_release_intact() -> None:
    """The worst mistake would be a wrong "intact"; an affected case stands nevertheless."""
    untold = CaseCell(untold="a control came out wrong")
    rows = history(row("0.9.0", form=INTACT, pipelined=untold), row("0.10.0", form=DROPPED, pipelined=untold))
    unknown, affected = (find(rows, read_asked(release)) for release in ("0.9.0", "0.10.0"))
    assert sentence(unknown) == (
        "uvicorn 0.9.0 with httptools: unknown, pipelined could not be told: a control came out wrong"
    )
    assert affected.standing is Standing.AFFECTED
    assert affected.untold == {"pipelined": "a control came out wrong"}


def test_programs_get_the_facts() -> None:
    """By case: counts, since when, until when, the first intact release."""
    told = facts(found("0.12.2"))
    assert (told["answer"], told["since"], told["until"], told["upgrade"]) == ("affected", "0.10.9", "0.17.4", "0.17.5")
    assert told["measured"] == ["form", "pipelined"]
    assert told["cases"] == {
        "form": {
            "splits": 3926,
            "outcomes": {"dropped": 3901},
            "joined": "intact",
            "since": "0.10.9",
            "until": "0.17.4",
            "first_intact": "0.17.5",
        },
        "pipelined": {
            "splits": 73,
            "outcomes": {"dropped": 16},
            "joined": "hung",
            "since": "0.11.0",
            "until": "0.12.2",
            "first_intact": "0.12.3",
        },
    }
