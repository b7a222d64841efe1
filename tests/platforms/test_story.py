"""The seed's own story on the local platform: a real branch of the real matrix, built, deployed and submitted to."""

from pathlib import Path

from scripts.platforms.local.local import LocalPlatform
from scripts.verdicts.submission import browser, submit
from tests.branches.checkouts import Checkout, new_checkout
from tests.platforms.stage import Stage, processes_below, until


def test_the_form_of_v0_12_1_gets_the_error_page(tmp_path: Path) -> None:
    """The page opens, its form meets H13 through the router in segments, and its story when heads go whole.

    So it does behind Heroku's present router, whatever the size of a segment.
    """
    checkout = new_checkout(tmp_path / "a check out")
    try:
        _tell_the_story(checkout)
    finally:
        assert LocalPlatform(checkout.root).down()
    assert processes_below(checkout.root) == []


def _tell_the_story(checkout: Checkout) -> None:
    """Deploy a branch of a checkout, and submit its form."""
    (change,) = checkout.regenerate("v0.12.1")
    stage = Stage(checkout.root, change.variant)
    assert not stage.deploy(change, port=0).note
    assert stage.get("/about.json").json()["uvicorn"] == "0.12.1"
    with browser(stage.base, stage.variant.host) as client:
        assert "<form" in client.get("/").text
        answer = submit(client)
        assert (answer.status_code, "Application error" in answer.text) == (503, True)
        seen = 'code=H13 desc="Connection closed without response" method=GET path="/view?story=0+1+2'
        until(lambda: seen in stage.log())
        for segment_bytes, router in ((0, "legacy"), (1460, "router-2")):
            assert stage.deploy(change, segment_bytes=segment_bytes, router=router).note
            answer = submit(client)
            assert (answer.status_code, "998 999" in answer.text) == (200, True)
        assert stage.deploy(change, router="legacy").note.endswith("takes ROUTER=legacy, no longer router-2")
        assert submit(client).status_code == 503
