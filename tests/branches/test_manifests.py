"""The rules that app.json, heroku.yml, Dockerfile and Procfile must keep."""

import json
from typing import Any

import pytest

from scripts.branches.manifests import check_manifests
from scripts.errors import WrongUse

START = 'exec serve "$PORT"'

APP: dict[str, Any] = {
    "name": "an-app",
    "description": "It does one thing",
    "website": "https://example.invalid/",
    "repository": "https://example.invalid/repository",
    "env": {"VARIANT": {"value": "v1"}},
    "stack": "container",
}


def branch(**changes: str | None) -> dict[str, bytes]:
    """Return the manifests of a good container branch, with some of them replaced, or left out."""
    files = {
        "app.json": json.dumps(APP),
        "Procfile": f"web: {START}\n",
        "heroku.yml": f"build:\n  docker:\n    web: Dockerfile\nrun:\n  web: {json.dumps(START)}\n",
        "Dockerfile": f'FROM scratch\nCMD ["sh", "-c", {json.dumps(START)}]\n',
    }
    wanted = files | {name.replace("_", "."): text for name, text in changes.items()}
    return {path: text.encode() for path, text in wanted.items() if text is not None}


def app(**changes: object) -> str:
    """Return app.json with some keys changed."""
    return json.dumps(APP | changes)


def test_good_manifests_pass() -> None:
    """A container branch that keeps the rules is not refused."""
    check_manifests(branch(), container=True, start=START)


def test_a_buildpack_branch_needs_no_dockerfile() -> None:
    """On another stack app.json with a buildpack, and the Procfile, are enough."""
    on_buildpack = app(stack="heroku-24", buildpacks=[{"url": "heroku/python"}])
    check_manifests(branch(app_json=on_buildpack, Dockerfile=None, heroku_yml=None), container=False, start=START)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", "truncated"),
        ("[]", r"Expected `object`"),
        (app(name="a" * 31), r"length <= 30.*\$\.name"),
        (app(name="1-app"), r"matching regex.*\$\.name"),
        (app(name=1), r"Expected `str`.*\$\.name"),
        (app(env={"VARIANT": {"value": 1}}), r"Expected `str`, got `int`.*value"),
        (app(env={"VARIANT": {"value": None}}), r"Expected `str`, got `null`"),
        (app(env={"VARIANT": {"value": "v1", "secret": True}}), "unknown field `secret`"),
        (app(env={"a variable": {"value": "v1"}}), r"matching regex"),
        (app(stack="heroku"), r"matching regex.*\$\.stack"),
        (app(stack="heroku-24"), "a stack other than the runtime's"),
        (app(buildpacks=[{"url": "heroku/python"}]), "buildpacks that do not fit"),
        (app(website="example.invalid"), r"matching regex.*\$\.website"),
        (app(web_site="https://example.invalid/"), "unknown field `web_site`"),
        (json.dumps({key: value for key, value in APP.items() if key != "env"}), "missing required field `env`"),
    ],
)
def test_a_wrong_app_json_is_refused(text: str, found: str) -> None:
    """What Heroku's published schema does not allow is told, with its place in the file."""
    with pytest.raises(WrongUse, match=rf"wrong app\.json: .*{found}"):
        check_manifests(branch(app_json=text), container=True, start=START)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Procfile", "web: exec another\n"),
        ("Procfile", f"worker: {START}\n"),
        ("heroku_yml", "build:\n  docker:\n    web: Dockerfile\n"),
        ("heroku_yml", 'build:\n  docker:\n    web: Dockerfile\nrun:\n  web: "exec another"\n'),
        ("heroku_yml", 'build:\n  docker:\n    web: Dockerfile\nrun:\n  web: "\\q"\n'),
        ("heroku_yml", f"build:\n  docker:\n  web: Dockerfile\nrun:\n  web: {json.dumps(START)}\n"),
        ("Dockerfile", "FROM scratch\n"),
        ("Dockerfile", f"FROM scratch\nCMD {START}\n"),
        ("Dockerfile", 'FROM scratch\nCMD ["sh", "-c", "exec another"]\n'),
    ],
)
def test_another_start_command_is_refused(path: str, text: str) -> None:
    """Each file that says how the dyno starts says it in the known shape, and says the same."""
    with pytest.raises(WrongUse, match=f"wrong {path.replace('_', '.')}"):
        check_manifests(branch(**{path: text}), container=True, start=START)


@pytest.mark.parametrize("path", ["app.json", "Procfile", "heroku.yml", "Dockerfile"])
def test_a_missing_manifest_is_refused(path: str) -> None:
    """A container branch without one of the four does not deploy."""
    with pytest.raises(WrongUse, match=f"wrong {path}: it is missing"):
        check_manifests(branch(**{path.replace(".", "_"): None}), container=True, start=START)
