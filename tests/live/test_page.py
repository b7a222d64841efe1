"""The live page without a browser: what it shows, who may change what, and what its end leaves."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.live.conftest import AFFECTED, PATCHED, Fields, Running, command_of, until, used_seconds
from tests.platforms.stage import is_alive, processes_below
from tests.report.site import validator


def test_a_deploy_names_the_page_beside_the_address(running: Running) -> None:
    """Standard output has the address alone, for those who read it."""
    again = running.clone.verb("deploy", VARIANT=AFFECTED)
    assert again.stdout.strip() == running.app(AFFECTED)
    assert again.stderr.splitlines()[-1] == f"all that runs here: {running.url}"


def test_each_variant_is_shown_with_its_state_verdict_and_address(running: Running) -> None:
    """And the segment size that holds."""
    with running.client() as client:
        text = client.get("/").text
    for variant, verdict in ((AFFECTED, "Yes. Misrouted: misroute"), (PATCHED, "No, but another case fails. ")):
        (article,) = re.findall(
            rf'<article [^>]*id="variant-{variant.replace(".", "-")}".*?</article>', text, re.DOTALL
        )
        assert f"Has the issue? {verdict}" in article
        assert f'href="{running.app(variant)}"' in article
        assert '<span class="badge intact">up</span>' in article
    assert "in segments of <strong>1,460 bytes</strong>, as it does unless told" in text


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "evil.example", "localhost", "localhost:1", "nobody.localhost"])
def test_another_host_gets_404_and_nothing_that_could_be_used(running: Running, host: str) -> None:
    """A name that is made to lead here shows the addresses, and no form, no token, no log."""
    with running.client(host.format(port=running.port)) as client:
        answer = client.get("/")
        assert answer.status_code == 404
        assert running.app(AFFECTED) in answer.text
        assert f'href="{running.url}"' in answer.text
        assert not {"form", "input", "script", "pre"} & set(Fields(answer.text).tags)
        assert client.get("/events").status_code == 404
        refused = client.post("/segment", data={"token": running.token(), "segment_bytes": "1"})
        assert refused.status_code == 404
    assert running.segment_bytes() == "1460"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://uvicorn-issue-344-v0-12-1.localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/segment", "/probe"])
def test_a_form_of_another_page_changes_nothing(running: Running, path: str, headers: dict[str, str]) -> None:
    """Not even with the right token; a deployed app is another page too."""
    given = {"token": running.token(), "segment_bytes": "1", "variant": AFFECTED}
    with running.client() as client:
        assert client.post(path, data=given, headers=headers).status_code == 403
    assert running.segment_bytes() == "1460"


def test_another_page_gets_no_events(running: Running) -> None:
    """They have the token in them; a browser would not let it be read either."""
    with running.client() as client:
        assert client.get("/events", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "\udcff".encode("utf-8", "surrogateescape").decode("latin-1")])
def test_a_form_without_the_token_changes_nothing(running: Running, token: str) -> None:
    """It says that the page is an old one."""
    with running.client() as client:
        answer = client.post("/segment", data={"token": token, "segment_bytes": "1"})
    assert answer.status_code == 403
    assert "reload the page" in answer.text
    assert running.segment_bytes() == "1460"


def test_the_segment_size_is_set_without_javascript(running: Running) -> None:
    """The form leads back to the page, which shows the size, as `make ps` does; a deploy sets the default again."""
    with running.client() as client:
        for size in ("0", "536"):
            answer = client.post("/segment", data={"token": running.token(), "segment_bytes": size})
            assert (answer.status_code, answer.headers["location"]) == (303, "/#segment")
            assert running.segment_bytes() == size
            text = client.get("/").text
            assert Fields(text).values["segment_bytes"] == size
        assert f'href="{running.app(AFFECTED)}?segment=536"' in text
    assert "takes SEGMENT=1460, no longer 536" in running.clone.verb("deploy", VARIANT=AFFECTED).stderr


@pytest.mark.parametrize("size", ["", "-1", "1.5", "65537", "9" * 5000, "٣", "x"])
def test_a_size_that_cannot_be_is_refused(running: Running, size: str) -> None:
    """With what it may be."""
    with running.client() as client:
        answer = client.post("/segment", data={"token": running.token(), "segment_bytes": size})
    assert answer.status_code == (413 if len(size) > 4096 else 400)
    assert running.segment_bytes() == "1460"


def test_what_does_not_run_cannot_be_probed(running: Running) -> None:
    """The page says so."""
    with running.client() as client:
        answer = client.post("/probe", data={"token": running.token(), "variant": "<v9>"})
    assert answer.status_code == 404
    assert "not deployed" in answer.text


def test_the_page_may_load_from_nowhere_else_and_be_framed_by_none(running: Running) -> None:
    """Its own policy says it, on every answer."""
    with running.client() as client:
        for path in ("/", "/live.js", "/nothing"):
            policy = client.get(path).headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy


def test_no_id_of_the_page_is_one_that_a_variant_may_have(running: Running) -> None:
    """A variant may be called `log` or `failed`: the script would take its part of the page for the page's own."""
    ids = re.findall(r' id="([^"]+)"', running.shown())
    assert len(ids) == len(set(ids))
    places = {f"variant-{variant.replace('.', '-')}" for variant in (AFFECTED, PATCHED)}
    assert places == {each for each in ids if each.startswith("variant-")}
    assert {f"{part}-{place}" for place in places for part in ("state", "strips")} <= set(ids)


def test_the_validator_finds_nothing(running: Running, tmp_path: Path) -> None:
    """Every page is valid HTML that keeps to what screen readers need: with a request that failed, and its strips."""
    missing = validator.install()
    if missing and not os.environ.get("CI"):
        pytest.skip(missing)
    assert not missing
    with running.client(httpx.URL(running.app(AFFECTED)).netloc.decode()) as client:
        story = "+".join(str(number) for number in range(1000))
        assert client.get(f"/view?story={story}").status_code == 503
    with running.client() as client:
        assert client.post("/probe", data={"token": running.token(), "variant": PATCHED}).status_code == 303
        until(lambda: 'class="intact"' in running.shown() and "makes of it" in running.shown())
        pages = [client.get("/"), client.get("/nothing"), client.post("/segment", data={})]
    with running.client("127.0.0.1") as client:
        pages.append(client.get("/"))
    assert [page.status_code for page in pages] == [200, 404, 403, 404]
    for number, page in enumerate(pages):
        (tmp_path / f"{number}.html").write_text(page.text, "utf-8")
    assert validator.complaints(tmp_path) == []


def test_what_a_client_asks_for_stays_text_in_the_log(running: Running) -> None:
    """Markup in a path is shown; a path over 200 characters is shortened."""
    with socket.create_connection(("127.0.0.1", running.port)) as client:
        host = running.app(AFFECTED).removeprefix("http://").rstrip("/")
        client.sendall(f"GET /<evil>{'x' * 300} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        while client.recv(65536):
            pass
    until(lambda: "/&lt;evil&gt;xxx" in running.shown())
    text = running.shown()
    assert "evil" not in Fields(text).tags
    assert "x" * 200 not in text


@pytest.mark.parametrize(
    ("path", "fields", "shown"),
    [
        ("/view", 120, r"left in 8[0-9]{2},[0-9]{3} segments, of which 6 are shown"),
        ("/" * 8000 + "x", 0, "more steps …"),
    ],
    ids=["long-head", "long-url"],
)
def test_a_request_in_very_many_segments_is_shown_by_some_of_them(
    running: Running, path: str, fields: int, shown: str
) -> None:
    """A segment may have a single byte, and a head a megabyte: the page stays small, and is there."""
    running.clone.done("deploy", VARIANT=AFFECTED, SEGMENT="1")
    host = running.app(AFFECTED).removeprefix("http://").rstrip("/")
    more = "".join(f"X-{number}: {'x' * 7000}\r\n" for number in range(fields))
    with socket.create_connection(("127.0.0.1", running.port)) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n".encode())
        assert b" 503 " in client.recv(40)
    until(lambda: re.search(shown, running.shown()) and "makes of it" in running.shown())
    assert len(running.shown()) < 60_000
    assert "which is no URL" in running.shown()
    running.clone.done("deploy", VARIANT=AFFECTED)


@pytest.mark.parametrize(
    ("send", "number"), [(os.kill, signal.SIGTERM), (os.killpg, signal.SIGKILL)], ids=["gave-up", "page-killed"]
)
def test_steps_under_way_end_with_whoever_wanted_them(
    running: Running, send: Callable[[int, int], None], number: int
) -> None:
    """The page that gives them up ends the command alone; what ends the page ends its whole process group."""
    (row,) = json.loads(running.clone.done("ps", JSON="1", VARIANT=AFFECTED))
    sent = {"head": f"GET {'/' * 100_000} HTTP/1.1\r\n\r\n", "offsets": list(range(1, 100_000))}
    command = [sys.executable, "-m", "scripts.live", "steps", row["tree"], "100000"]

    def taken() -> list[int]:
        steps = [pid for pid in processes_below(running.clone.root) if "instrumented.py" in command_of(pid)]
        return [pid for pid in steps if used_seconds(pid) > 1]  # it has read all that it is given

    with subprocess.Popen(
        command, cwd=running.clone.root, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    ) as child:
        assert child.stdin
        child.stdin.write(json.dumps(sent).encode())
        child.stdin.close()
        until(taken)
        (pid,) = taken()
        send(child.pid, number)
    until(lambda: not is_alive(pid), seconds=5)


def test_a_verdict_that_is_just_being_replaced_does_not_take_the_page_away(running: Running) -> None:
    """Another branch that is checked out takes files away for a moment; a link to nowhere stands for that."""
    verdict = running.clone.root / "variants" / PATCHED / "verdict.json"
    verdict.unlink()
    verdict.symlink_to("nowhere")
    try:
        assert running.answers()
    finally:
        running.clone.run("git", "checkout", "--quiet", "--", "variants")


def test_a_page_that_crashes_is_started_again_and_takes_nothing_along(running: Running) -> None:
    """The variants serve on."""
    before = running.page_process()
    os.kill(before, signal.SIGKILL)
    with running.client(httpx.URL(running.app(PATCHED)).netloc.decode()) as client:
        assert client.get("/about.json").json()["variant"] == PATCHED
    until(lambda: running.answers() and running.page_process() != before)


def test_a_variant_that_is_taken_out_while_it_runs_is_shown_all_the_same(running: Running) -> None:
    """Its verdict is not known any more."""
    place = running.clone.root / "variants" / PATCHED
    running.clone.done("remove", VARIANT=PATCHED, FORCE="1")
    try:
        (running.clone.root / "variants" / AFFECTED / "verdict.json").touch()  # as one that is measured anew
        until(lambda: "It is not known here." in running.shown())
        with running.client("127.0.0.1") as client:
            assert "not measured" in client.get("/").text
    finally:
        running.clone.run("git", "checkout", "--quiet", "--", "variants")
    assert place.is_dir()


def test_the_page_is_no_deployment(running: Running) -> None:
    """`make ps` lists variants."""
    assert [line.split()[0] for line in running.clone.done("ps").splitlines()] == [PATCHED, AFFECTED]
