"""Which commit an app runs, told from what Heroku says of its versions."""

import pytest

from scripts.platforms.heroku.cli_answers import HerokuVersion, running_deploy


def versions(*descriptions: str) -> list[HerokuVersion]:
    """Return versions with these descriptions, the oldest first; a leading `!` is for one that failed."""
    made = [
        HerokuVersion(number, "failed" if text.startswith("!") else "succeeded", text.removeprefix("!"))
        for number, text in enumerate(descriptions, 1)
    ]
    return made[::-1]


@pytest.mark.parametrize(
    ("descriptions", "runs"),
    [
        (["Deploy 1234567a"], 1),
        (["Deploy 1234567a", "Deploy 1234567b"], 2),
        (["Deploy 1234567a", "!Deploy 1234567b"], 1),
        (["Deploy 1234567a", "Set A config vars"], 1),
        (["Deploy 1234567a", "Deploy 1234567b", "Rollback to v1"], 1),
        (["Deploy 1234567a", "Deploy 1234567b", "Rollback to v1", "Set A config vars", "Rollback to v4"], 1),
        (["Deploy 1234567a", "Rollback to v2"], None),
        (["Initial release"], None),
        ([], None),
    ],
)
def test_what_runs_is_found_behind_rollbacks_and_settings(descriptions: list[str], runs: int | None) -> None:
    """None where it cannot be told."""
    found = running_deploy(versions(*descriptions))
    assert (found.version if found else None) == runs
