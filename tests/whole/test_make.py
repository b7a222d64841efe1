"""make's own part of the command line: its targets, its variables, its help."""

import re
import subprocess

import click
import pytest

from scripts.cli import VERBS, cli
from tests.whole.conftest import PROJECT, Clone

MAKEFILE = (PROJECT / "Makefile").read_text("utf-8")


def words(name: str) -> list[str]:
    """Return what a list of the Makefile holds."""
    (line,) = re.findall(rf"^{name} := (.*)$", MAKEFILE, re.MULTILINE)
    return list(line.split())


def make(clone: Clone, *args: str) -> "subprocess.CompletedProcess[str]":
    """Run make as a user does, not as a make that is run by another one."""
    return clone.run("env", "-u", "MAKELEVEL", "-u", "MAKEFLAGS", "make", *args)


def refused(clone: Clone, *args: str) -> str:
    """Return the one line with which make refuses, having done nothing."""
    finished = make(clone, *args)
    assert (finished.returncode, finished.stdout) == (2, "")
    (line,) = finished.stderr.splitlines()
    return line


def test_makes_variables_are_the_verbs_options() -> None:
    """Each option has its variable in the Makefile's lists, and each of the lists is an option's."""
    commands = [cli, *(cli.get_command(click.Context(cli), verb) for verb in VERBS)]
    options = {str(each.envvar) for command in commands for each in command.params if each.envvar}
    assert options == {*words("KNOBS"), *words("SHARED")}


def test_makes_targets_are_the_rules_of_its_file() -> None:
    """The list that unknown targets are held against has each of them once, every verb among them."""
    rules = re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)
    assert sorted(words("TARGETS")) == sorted(rules)
    assert set(VERBS) <= set(rules)


def test_the_help_is_grouped_and_fits_100_columns(clone: Clone) -> None:
    """Each target that a user calls has a line below a heading; plain `make` prints it."""
    shown = make(clone).stdout
    assert shown == make(clone, "help").stdout
    headings = [line.partition(":")[0] for line in shown.splitlines() if line and not line.startswith(" ")]
    assert headings[:-1] == ["See it", "Measure it", "Keep it", "On Heroku", "Develop"]
    listed = re.findall(r"^  make ([a-z-]+) +\S", shown, re.MULTILINE)
    assert sorted(listed) == sorted(set(words("TARGETS")) - {"setup", "setup-tests"})
    assert max(map(len, shown.splitlines())) <= 100


def test_the_help_names_variables_that_there_are(clone: Clone) -> None:
    """A variable in a line of help is one of the list."""
    assert set(re.findall(r"\b([A-Z_]{2,})=", make(clone).stdout)) <= {*words("KNOBS"), *words("SHARED")}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["deploy", "VARIENT=v0.12.1"], "unknown variable VARIENT: did you mean VARIANT?"),
        (["deploy", "variant=v0.12.1"], "unknown variable variant: did you mean VARIANT?"),
        (["ps", "it's=$(shell echo no)"], "unknown variable it's: there are: VARIANT TO PORT"),
        (["VARIENT=v0.12.1"], "unknown variable VARIENT: did you mean VARIANT?"),
        (["deply", "VARIANT=v0.12.1"], "unknown target deply: did you mean deploy?"),
        (["-j4", "ps", "deply"], "unknown target deply: did you mean deploy?"),
        (["-n", "xyzzy"], "unknown target xyzzy: there are: help deploy ps"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_make_does_not_know_is_refused_with_the_nearest(clone: Clone, args: list[str], said: str) -> None:
    """One line, exit code 2, and nothing is run, beside other targets neither."""
    assert said in refused(clone, *args)


@pytest.mark.parametrize(
    "args",
    [
        ["PYTHON=/usr/bin/python3"],
        ["CI=1", "NO_COLOR=1", "PIP_INDEX_URL=http://127.0.0.1/", "https_proxy=", "LC_ALL=C"],
        ["MAKEFLAGS=", "SHELL=/bin/sh"],
        ["-e", "-j", "VARIANT=all"],
    ],
    ids=" ".join,
)
def test_what_others_read_is_not_refused(clone: Clone, args: list[str]) -> None:
    """These are variables of make itself, or of the programs that it runs."""
    finished = make(clone, "help", *args)
    assert finished.returncode == 0, finished.stderr


def test_variables_of_a_make_around_this_one_are_not_refused(clone: Clone) -> None:
    """A make that calls another one hands it all variables of its command line."""
    (clone.root.parent / "outer.mk").write_text(f"all:\n\t@$(MAKE) -C '{clone.root}' help\n")
    finished = make(clone, "-f", str(clone.root.parent / "outer.mk"), "CFLAGS=-O2")
    assert finished.returncode == 0, finished.stderr


def test_a_variable_that_the_target_does_not_take_is_refused(clone: Clone) -> None:
    """DRY_RUN is no option of `remove`, and whoever writes it there must not be misled."""
    command = make(clone, "--dry-run", "remove", "VARIANT=v0.12.0", "DRY_RUN=1").stdout.splitlines()[-1]
    assert command.startswith('GIVEN="VARIANT DRY_RUN" ')
    finished = clone.verb("remove", VARIANT="v0.12.0", DRY_RUN="1", GIVEN="VARIANT DRY_RUN")
    assert finished.returncode == 2
    assert "error: remove does not take DRY_RUN: DRY_RUN=1. There are: VARIANT, FORCE" in finished.stderr
    assert (clone.root / "variants/v0.12.0").is_dir()
