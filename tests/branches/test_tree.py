"""The files of a branch, and git's id of them."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.branches.inputs import read_inputs
from scripts.branches.tree import BranchFile, Inputs, VendoredWheel, blob_id, branch_files, start_command, tree_id
from scripts.errors import WrongUse
from scripts.matrix import Project, Variant, load
from scripts.runtimes import Runtime
from tests.branches.checkouts import Checkout, new_checkout
from tests.branches.trees import trees

COMMON = {
    ".python-version",
    "LICENSE",
    "Procfile",
    "README.md",
    "app.json",
    "requirements.txt",
}
Real: TypeAlias = tuple[Project, Variant, Inputs]


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Checkout]:
    """Return an empty repository of each object format."""
    found = {}
    for algorithm in ("sha1", "sha256"):
        found[algorithm] = Checkout(tmp_path_factory.mktemp(algorithm))
        found[algorithm].git("init", "--quiet", f"--object-format={algorithm}")
    return found


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Real:
    """Return the project, its variant v0.12.1 and that one's inputs."""
    matrix = load(new_checkout(tmp_path_factory.mktemp("real") / "it").root)
    variant = matrix.one("v0.12.1")
    return matrix.project, variant, read_inputs(matrix, variant)


def on_buildpack(variant: Variant) -> Variant:
    """Return the variant on a stack with buildpacks."""
    runtime = Runtime(python="3.13", stack="heroku-24", uvicorn=">=0.18", app=(), tools=(), name="python3.13")
    return replace(variant, runtime=runtime)


@settings(max_examples=40)
@given(files=trees(), algorithm=st.sampled_from(["sha1", "sha256"]))
def test_a_trees_id_is_gits_own(
    repositories: Mapping[str, Checkout], files: dict[str, BranchFile], algorithm: str
) -> None:
    """What git write-tree says of an index of the same files is the id, in both object formats."""
    repository = repositories[algorithm]
    index = [f"{file.mode} {blob_id(file.content, algorithm)}\t{path}\0" for path, file in files.items()]
    repository.git("read-tree", "--empty")
    repository.git("update-index", "-z", "--index-info", stdin="".join(index))
    assert tree_id(files, algorithm) == repository.git("write-tree", "--missing-ok")


@settings(max_examples=20)
@given(content=st.text(), algorithm=st.sampled_from(["sha1", "sha256"]))
def test_a_blobs_id_is_gits_own(repositories: Mapping[str, Checkout], content: str, algorithm: str) -> None:
    """What git hash-object says of the same bytes is the id."""
    told = repositories[algorithm].git("hash-object", "--no-filters", "--stdin", stdin=content)
    assert blob_id(content.encode(), algorithm) == told


@pytest.mark.parametrize("path", ["", "a//b", "../a", "a/./b", ".git/config", "a/.GIT", "a\0b"])
def test_a_path_that_git_refuses_has_no_tree(path: str) -> None:
    """A path that no checkout could hold is refused, not hashed."""
    with pytest.raises(ValueError, match="no name of a file"):
        tree_id({path: BranchFile(b"")})


def test_a_path_is_not_both_a_file_and_a_folder() -> None:
    """A tree in which a file lies below a file is refused."""
    with pytest.raises(ValueError, match="a file and a folder"):
        tree_id({"a/b": BranchFile(b""), "a": BranchFile(b"")})


def test_a_container_branch_holds_its_files_and_nothing_else(real: Real) -> None:
    """The app, the files that all branches have, Dockerfile and heroku.yml."""
    project, variant, inputs = real
    app = set(inputs.app)
    assert app >= {"app.py", "templates/index.html"}
    assert set(branch_files(project, variant, inputs)) == COMMON | app | {"Dockerfile", "heroku.yml"}


def test_a_buildpack_branch_has_neither_dockerfile_nor_heroku_yml(real: Real) -> None:
    """On another stack app.json names that stack and the buildpack."""
    project, variant, inputs = real
    files = branch_files(project, on_buildpack(variant), inputs)
    assert set(files) == COMMON | set(inputs.app)
    app = json.loads(files["app.json"].content)
    assert app["stack"] == "heroku-24"
    assert app["buildpacks"] == [{"url": "heroku/python"}]
    assert files[".python-version"].content == b"3.13\n"


def test_a_patched_branch_carries_its_wheel(real: Real) -> None:
    """The wheel lies in vendor/ as it is, and the image is built with it."""
    project, variant, inputs = real
    wheel = VendoredWheel("uvicorn-0.12.1+x-py3-none-any.whl", b"\0the wheel\xff")
    files = branch_files(project, variant, replace(inputs, wheel=wheel))
    assert files[f"vendor/{wheel.name}"] == BranchFile(wheel.content)
    dockerfile = files["Dockerfile"].content.decode()
    assert "COPY vendor/ vendor/\n" in dockerfile
    assert "--find-links vendor " in dockerfile


def test_the_app_the_pins_and_the_licence_are_as_they_are(real: Real) -> None:
    """What is no template reaches the branch byte for byte."""
    project, variant, inputs = real
    app = {"app.py": BranchFile(b"\r\n{{ not_a_template }}\0\xff")}
    files = branch_files(project, variant, replace(inputs, app=app, requirements=b"r\r\n", license=b"{% l"))
    assert files["app.py"] == app["app.py"]
    assert files["requirements.txt"].content == b"r\r\n"
    assert files["LICENSE"].content == b"{% l"


def test_nothing_depends_on_where_the_checkout_is(real: Real) -> None:
    """The same inputs in another folder give the same files."""
    project, variant, inputs = real
    elsewhere = replace(variant, folder=Path("/else where"))
    assert branch_files(project, elsewhere, inputs) == branch_files(project, variant, inputs)


@given(description=st.text(), why=st.text(), issue=st.text())
def test_any_text_is_quoted(real: Real, description: str, why: str, issue: str) -> None:
    """Whatever the matrix says, app.json says the same, and no line of README.md is begun by it."""
    project, variant, inputs = real
    project = msgspec.structs.replace(project, issue=f"https://example.invalid/{quote(issue)}")
    files = branch_files(project, replace(variant, description=description, why=why), inputs)
    assert json.loads(files["app.json"].content)["description"].endswith(f": {description}")
    plain = branch_files(project, replace(variant, description="d", why="w"), inputs)["README.md"].content
    assert files["README.md"].content.count(b"\n") == plain.count(b"\n")


def test_app_json_says_what_the_button_needs(real: Real) -> None:
    """The app's name, the branch's own address, the variant's name for the app, and the container stack."""
    project, variant, inputs = real
    app = json.loads(branch_files(project, variant, inputs)["app.json"].content)
    assert app["name"] == variant.app
    assert app["repository"] == f"https://github.com/{project.repository}/tree/{variant.branch}"
    assert app["env"]["VARIANT"]["value"] == "v0.12.1"
    assert app["stack"] == "container"


def test_readme_says_which_variant_it_is_and_how_to_use_it(real: Real) -> None:
    """The button with the branch in it, the command for the user's own machine, the one that generates, the table."""
    project, variant, inputs = real
    readme = branch_files(project, variant, inputs)["README.md"].content.decode()
    page = f"https://github.com/{project.repository}"
    button = f"https://www.heroku.com/deploy?template={page}/tree/{variant.branch}"
    assert readme.startswith(f"# {variant.description}\n")
    assert f"(https://www.herokucdn.com/deploy/button.svg)]({button})" in readme
    for part in (variant.why, f"git clone {page}\n", f"{page}#readme", project.issue):
        assert part in readme
    for command in ("make deploy VARIANT=v0.12.1\n", "make branches VARIANT=v0.12.1\n"):
        assert command in readme


def test_the_start_command_is_the_same_everywhere(real: Real) -> None:
    """Procfile, heroku.yml and the image's CMD start one command."""
    project, variant, inputs = real
    files = {path: file.content.decode() for path, file in branch_files(project, variant, inputs).items()}
    start = start_command(variant)
    assert files["Procfile"] == f"web: {start}\n"
    assert json.loads(files["heroku.yml"].partition("\nrun:\n  web: ")[2]) == start
    assert json.loads(files["Dockerfile"].partition("\nCMD ")[2]) == ["sh", "-c", start]


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize(("bind", "host"), [({}, "0.0.0.0"), ({"BIND_HOST": "127.0.0.1"}, "127.0.0.1")])
def test_the_start_command_replaces_its_shell(
    real: Real, tmp_path: Path, shell: str, bind: dict[str, str], host: str
) -> None:
    """The process that was started becomes uvicorn, so that SIGTERM reaches it, on the host and port that are set."""
    (tmp_path / "uvicorn").write_text('#!/bin/sh\necho "$$" "$@"\n', encoding="utf-8")
    (tmp_path / "uvicorn").chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PORT": "81 23", **bind}
    with subprocess.Popen([shell, "-c", start_command(real[1])], env=env, stdout=subprocess.PIPE, text=True) as child:
        printed, _ = child.communicate()
    assert printed == f"{child.pid} app:app --host {host} --port 81 23\n"


@pytest.mark.parametrize("parser", ["h11", "zttp"])
def test_the_start_command_asks_for_another_parser_than_httptools(real: Real, parser: str) -> None:
    """A variant that shall run on another says so to uvicorn, which would take httptools where it is installed."""
    assert start_command(replace(real[1], http=parser)) == f"{start_command(real[1])} --http {parser}"


def test_a_file_of_the_app_does_not_replace_a_file_of_the_branch(real: Real) -> None:
    """common/app/README.md and the branch's README.md cannot both be."""
    project, variant, inputs = real
    app = {**inputs.app, "README.md": BranchFile(b"")}
    with pytest.raises(WrongUse, match=r"common/app/README.md is in the way"):
        branch_files(project, variant, replace(inputs, app=app))


@pytest.mark.parametrize("text", ["{{ unheard_of }}", "{% if %}", "{{ variant | unheard_of }}"])
def test_a_template_that_cannot_be_rendered_is_named(real: Real, text: str) -> None:
    """An undefined value and a mistake of syntax are told with the template's name, not left blank."""
    project, variant, inputs = real
    broken = replace(inputs, templates={**inputs.templates, "README.md.j2": text})
    with pytest.raises(WrongUse, match=r"common/branch/README.md.j2 cannot be rendered: \S"):
        branch_files(project, variant, broken)
