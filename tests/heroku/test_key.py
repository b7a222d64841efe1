"""Where the key and the API's address come from, and that neither is said when it is wrong."""

from pathlib import Path

import pytest

from scripts.errors import WrongUse
from scripts.platforms.heroku.key import Account, find_account

NETRC = "machine api.heroku.com login me@example.invalid password {key}\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be a user without a key."""
    for name in ("HEROKU_API_KEY", "HEROKU_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def write_netrc(home: Path, text: str, mode: int = 0o600) -> None:
    """Write ~/.netrc."""
    (home / ".netrc").write_text(text)
    (home / ".netrc").chmod(mode)


def test_the_variable_comes_before_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HEROKU_API_KEY wins over ~/.netrc, unless it is empty."""
    write_netrc(home, NETRC.format(key="of-the-file"))
    assert find_account() == Account("https://api.heroku.com", "of-the-file")
    monkeypatch.setenv("HEROKU_API_KEY", "of-the-variable")
    assert find_account().key == "of-the-variable"
    monkeypatch.setenv("HEROKU_API_KEY", "")
    assert find_account().key == "of-the-file"


@pytest.mark.parametrize("text", ["", "default login anonymous password guest\n", NETRC.replace("api.", "git.")])
def test_no_key_names_both_places_and_the_alternative(home: Path, text: str) -> None:
    """What stands in ~/.netrc for others is no key of Heroku's."""
    write_netrc(home, text)
    with pytest.raises(WrongUse, match=r"HEROKU_API_KEY.*~/\.netrc.*make deploy VARIANT="):
        find_account()


@pytest.mark.parametrize("key", ["se\ncret", "se cret", "secret\r\nX-Evil: 1", "sécret", "secret\x00"])
def test_a_key_that_fits_no_header_is_refused_unsaid(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """The message does not repeat it."""
    monkeypatch.setattr("os.environ", {"HEROKU_API_KEY": key})
    with pytest.raises(WrongUse, match="is no key") as failure:
        find_account()
    assert "cret" not in failure.value.message


@pytest.mark.parametrize(
    ("text", "mode"), [("secret of a file that is no netrc\n", 0o600), (NETRC.format(key="secret"), 0o644)]
)
def test_a_wrong_netrc_is_not_quoted(home: Path, text: str, mode: int) -> None:
    """Neither one that cannot be read, nor one that everybody can."""
    write_netrc(home, text, mode)
    with pytest.raises(WrongUse, match=r"~/\.netrc is wrong") as failure:
        find_account()
    assert "secret" not in failure.value.message


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("", "https://api.heroku.com"),
        ("staging.example", "https://api.staging.example"),
        ("https://api.example/", "https://api.example"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
    ],
)
def test_the_address_is_as_herokus_own_tool_has_it(monkeypatch: pytest.MonkeyPatch, host: str, base: str) -> None:
    """A value that begins with http is the address itself."""
    monkeypatch.setenv("HEROKU_API_KEY", "a-key")
    monkeypatch.setenv("HEROKU_HOST", host)
    assert find_account().base == base


@pytest.mark.parametrize("host", ["http://api.example", "http://", "https://u:p@host", "a b", "x/y", "https://h:0x"])
def test_an_address_that_would_not_do_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Among them one to which the key would travel unencrypted."""
    monkeypatch.setenv("HEROKU_API_KEY", "a-key")
    monkeypatch.setenv("HEROKU_HOST", host)
    with pytest.raises(WrongUse, match="HEROKU_HOST"):
        find_account()


def test_the_record_does_not_show_the_key() -> None:
    """A traceback with values would not have it either."""
    account = Account("https://api.heroku.com", "a-secret-key")
    assert "secret" not in repr(account)
    assert account.hide("it is a-secret-key.") == "it is [key]."
