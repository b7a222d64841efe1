"""What a measurement comes to, with all that may stand against it."""

import pytest

from scripts.probe.answers import Answer, End, Outcome
from scripts.probe.baseline import Baseline
from scripts.probe.cases import Case
from scripts.probe.conclusion import Word, conclude, in_sentences
from scripts.probe.measurement import Doubt, Measurement, Trial, Wholes
from scripts.probe.processes import Process
from scripts.probe.proof import ProofName
from scripts.probe.who import Who

INTACT, DROPPED = (
    Trial((1,), Outcome.INTACT, (Answer(End.COMPLETE, 200),)),
    Trial((2,), Outcome.DROPPED, (Answer(End.CLOSED),)),
)
CAME_BACK = Trial((3,), Outcome.INTACT, (Answer(End.COMPLETE, 200),), flaky=True)
WENT = Trial((4,), Outcome.DROPPED, (Answer(End.CLOSED),), flaky=True)


def measurement(
    *trials: Trial, status: int = 200, proof: ProofName = ProofName.RECEIVE_QUEUE, tells: bool = True, failed: int = 0
) -> Measurement:
    """Return a measurement with these trials."""
    baseline = Baseline.of([(Answer(End.COMPLETE, status),)])
    return Measurement(Case("", (b"GET / HTTP/1.1\r\n\r\n",)), baseline, trials, proof, tells, Wholes(20, failed))


@pytest.mark.parametrize(
    ("measured", "word"),
    [
        (measurement(INTACT), Word.INTACT),
        (measurement(INTACT, DROPPED), Word.AFFECTED),
        (measurement(INTACT, CAME_BACK), Word.INTACT),
        (measurement(INTACT, *[CAME_BACK] * 4), Word.UNTOLD),
        (measurement(INTACT, WENT), Word.UNTOLD),
        (measurement(*[DROPPED] * 3, *[CAME_BACK] * 4), Word.UNTOLD),
        (measurement(*[DROPPED] * 30, *[WENT] * 4), Word.AFFECTED),
        (measurement(DROPPED, failed=10), Word.UNTOLD),
        (measurement(INTACT, tells=False), Word.UNTOLD),
        (measurement(DROPPED, tells=False), Word.AFFECTED),
        (measurement(INTACT, proof=ProofName.GAP), Word.UNTOLD),
        (measurement(INTACT, status=404), Word.UNTOLD),
    ],
)
def test_the_word(measured: Measurement, word: Word) -> None:
    """Intact and affected are said only where nothing stands against them; else there is a reason."""
    conclusion = conclude(measured, Who())
    assert conclusion.word is word
    assert conclusion.doubts or word is not Word.UNTOLD


def test_an_unproven_intact_stands_where_it_is_asked_for() -> None:
    """UNPROVEN=1 waives the doubts about the proof; EXPECT=404 the one about the status."""
    gap, page = measurement(INTACT, proof=ProofName.GAP, tells=False), measurement(INTACT, status=404)
    assert conclude(gap, Who(), unproven=True).word is Word.INTACT
    assert conclude(page, Who(), unproven=True).word is Word.UNTOLD
    assert conclude(page, Who(), expected=[404]).word is Word.INTACT


def test_a_doubt_that_asks_ends_with_its_question_mark_alone() -> None:
    """And what is to be done is a sentence of its own, where there is something."""
    (page,) = conclude(measurement(INTACT, status=404), Who()).doubts
    assert in_sentences(page) == (
        "the whole request itself got 404: is this the URL that you mean? If it is: EXPECT=404."
    )
    assert in_sentences(Doubt("nothing was proven")) == "nothing was proven."


@pytest.mark.parametrize("trial", [INTACT, DROPPED])
@pytest.mark.parametrize(
    "who",
    [
        Who(via="varnish"),
        Who(passes_on_by=Process(1, "nginx"), to=("127.0.0.1", 8000)),
        Who(passes_on_by=Process(1, "python", own_router=True), to=("127.0.0.1", 8000)),
        Who(passes_on_by=Process(1, "python", own_router=True)),
    ],
)
def test_behind_what_passes_on_nothing_can_be_told(who: Who, trial: Trial) -> None:
    """Neither intact nor affected speaks of the app; the doubt says where to probe instead."""
    conclusion = conclude(measurement(trial), who)
    assert conclusion.word is Word.UNTOLD
    assert "Probe the" in conclusion.doubts[0].do


def test_what_comes_out_otherwise_a_second_time_cannot_be_told() -> None:
    """As behind a proxy that joins some segments and others not."""
    assert conclude(measurement(DROPPED), Who(), again=measurement(INTACT)).word is Word.UNTOLD


def test_each_word_has_its_exit_code() -> None:
    """0 intact, 1 affected, 2 could not tell."""
    assert [word.code for word in (Word.INTACT, Word.AFFECTED, Word.UNTOLD)] == [0, 1, 2]
