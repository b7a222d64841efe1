"""The user's pip configuration, said to pip and to uv."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.pins import pip_settings

MIRROR = "https://mirror.example/simple"
PROXY_NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")

KEYS = st.sampled_from([*pip_settings.REACHING, "find-links", "no-binary", "target", "constraint", "user"])
SETTINGS = st.dictionaries(KEYS, st.sampled_from([MIRROR, "file:///srv/x", "/no/such folder", "7", "host:8080"]))
UV_NAMES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_FIND_LINKS", "UV_INDEX_STRATEGY", "SSL_CERT_FILE")
ENVIRONS = st.dictionaries(st.sampled_from([*UV_NAMES, *PROXY_NAMES, "https_proxy", "PIP_TARGET"]), st.just("own"))


def listing(config: str, tmp_path: Path, **variables: str) -> str:
    """Return what the real pip lists for a configuration file and PIP_* variables."""
    path = tmp_path / "pip.conf"
    path.write_text(config)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_CONFIG_FILE": str(path), **variables}
    return subprocess.check_output([sys.executable, "-I", "-m", "pip", "config", "list"], env=env, text=True)


def listed(config: str, tmp_path: Path, **variables: str) -> dict[str, str]:
    """Return the settings among that, without the configuration of the machine that the test runs on."""
    lines = listing(config, tmp_path, **variables).splitlines()
    machine = listing("", tmp_path).splitlines()
    return pip_settings.parse("\n".join(line for line in lines if line not in machine))


def test_a_variable_beats_the_install_section_and_that_the_global_one(tmp_path: Path) -> None:
    """Of a setting that stands in several places, the one that pip itself would use is taken."""
    config = "[global]\nindex-url = a\nproxy = b\ncert = c\n[install]\nproxy = d\ncert = e\n[list]\ncert = f\n"
    settings = listed(config, tmp_path, PIP_CERT="g")
    assert (settings["index-url"], settings["proxy"], settings["cert"]) == ("a", "d", "g")


def test_both_names_of_the_time_limit_are_one_setting(tmp_path: Path) -> None:
    """`timeout` and `default-timeout` are the same setting to pip."""
    assert listed("", tmp_path, PIP_DEFAULT_TIMEOUT="61")["timeout"] == "61"


def test_several_lines_are_several_addresses(tmp_path: Path) -> None:
    """A setting that is written on several lines reaches uv as one list."""
    config = "[global]\nextra-index-url =\n    https://a.example/simple\n    https://b.example/simple\n"
    uv = pip_settings.for_uv(listed(config, tmp_path), {})
    assert uv["UV_INDEX"] == "https://a.example/simple https://b.example/simple"
    assert uv["UV_INDEX_STRATEGY"] == "unsafe-best-match"


def test_pip_gets_what_reaches_the_index_and_nothing_else(tmp_path: Path) -> None:
    """A pip that is run for the pins sees mirror and certificate, but no folder and no choice of the user's own."""
    config = f"[global]\nindex-url = {MIRROR}\nfind-links = /srv/wheels\nno-binary = :all:\n"
    settings = listed(config, tmp_path, PIP_CERT="/ca.pem", PIP_CONSTRAINT="c.txt", PIP_RETRIES="4")
    changes = pip_settings.for_pip(settings, {"PIP_CONSTRAINT": "c.txt", "PIP_CERT": "/ca.pem"})
    env = {name: value for name, value in changes.items() if value is not None and name != "PIP_CONFIG_FILE"}
    assert changes["PIP_CONSTRAINT"] is None
    assert changes["PIP_CONFIG_FILE"] == os.devnull
    seen = listed("", tmp_path, **env)
    seen.pop("disable-pip-version-check", None)
    assert seen == {"index-url": MIRROR, "cert": "/ca.pem", "retries": "4"}


def test_an_index_of_this_machine_is_left_out() -> None:
    """Extra indexes with a file: address go neither to pip nor to uv; the others do."""
    settings = {"extra-index-url": f"file:///srv/simple {MIRROR}"}
    assert pip_settings.for_pip(settings, {})["PIP_EXTRA_INDEX_URL"] == MIRROR
    assert pip_settings.for_uv(settings, {})["UV_INDEX"] == MIRROR
    assert "UV_INDEX" not in pip_settings.for_uv({"extra-index-url": "file:///srv/simple"}, {})


def test_without_extra_indexes_uv_keeps_its_own_strategy() -> None:
    """Only where several indexes are asked is any of them as good as the first."""
    assert "UV_INDEX_STRATEGY" not in pip_settings.for_uv({"index-url": MIRROR}, {})


def test_certificates_that_pip_reads_by_a_variable_are_uvs_too(tmp_path: Path) -> None:
    """A file or a folder; pip's own setting comes first."""
    file, folder = "/etc/company.pem", str(tmp_path)
    assert pip_settings.for_uv({}, {"REQUESTS_CA_BUNDLE": file}) == {"SSL_CERT_FILE": file}
    assert pip_settings.for_uv({}, {"CURL_CA_BUNDLE": folder}) == {"SSL_CERT_DIR": folder}
    assert pip_settings.for_uv({"cert": "/own.pem"}, {"CURL_CA_BUNDLE": file}) == {"SSL_CERT_FILE": "/own.pem"}
    assert pip_settings.for_uv({}, {"CURL_CA_BUNDLE": file, "SSL_CERT_FILE": "/uv.pem"}) == {}


def test_folders_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    """Of the user's folders of wheels, uv is told of those that exist, in a form that no comma or space breaks."""
    there = tmp_path / "with,comma"
    there.mkdir()
    uv = pip_settings.for_uv({"find-links": f"{there} /no/such/folder {there.as_uri()} {MIRROR}"}, {})
    assert uv["UV_FIND_LINKS"] == f"{there.as_uri()},{there.as_uri()},{MIRROR}"
    assert there.as_uri().endswith("%2Ccomma")


@pytest.mark.parametrize(
    ("proxy", "expected"), [("host:8080", "http://host:8080"), ("socks5://host:1", "socks5://host:1")]
)
def test_a_proxy_is_said_as_uv_takes_it(proxy: str, expected: str) -> None:
    """A proxy without a scheme, as pip takes it, gets one."""
    assert pip_settings.for_uv({"proxy": proxy}, {}) == dict.fromkeys(PROXY_NAMES, expected)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy", "all_proxy"])
def test_a_proxy_of_the_environment_stays(name: str) -> None:
    """Where a proxy is set for all programs, pip's own does not replace it in uv."""
    assert pip_settings.for_uv({"proxy": "host:8080"}, {name: "http://other:1"}) == {}


@pytest.mark.parametrize(("own", "given_to_pip"), [({}, "2"), ({"retries": "0"}, "1"), ({"retries": "7"}, "7")])
def test_pip_asks_again_at_least_once(own: dict[str, str], given_to_pip: str) -> None:
    """As a failed connection is told of only when it is tried again, pip is never told not to."""
    assert pip_settings.patience(own) == {"PIP_RETRIES": given_to_pip}


@given(settings=SETTINGS, environ=ENVIRONS)
def test_what_the_user_told_uv_stays(settings: dict[str, str], environ: dict[str, str]) -> None:
    """No variable that is set already is changed, and none is set to nothing."""
    uv = pip_settings.for_uv(settings, environ)
    assert not uv.keys() & environ.keys()
    assert all(uv.values())


@given(settings=SETTINGS, environ=ENVIRONS)
def test_no_setting_of_pip_outside_the_list_gets_through(settings: dict[str, str], environ: dict[str, str]) -> None:
    """Whatever the user's configuration holds, a pip run for the pins gets the known settings alone."""
    known = {f"PIP_{key.replace('-', '_').upper()}" for key in pip_settings.REACHING}
    changes = pip_settings.for_pip(settings, environ)
    kept = {name for name, value in changes.items() if value is not None}
    assert kept <= known | {"PIP_CONFIG_FILE", "PIP_DISABLE_PIP_VERSION_CHECK"}
    assert {name for name in environ if name.startswith("PIP_")} <= changes.keys()
