"""The workflows of .github/workflows/, read as GitHub reads them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / ".github/workflows"

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass(frozen=True)
class Step:
    """One step of a job."""

    name: str
    id: str = ""
    condition: str = ""
    uses: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    run: str = ""

    @property
    def action(self) -> str:
        """The action that it uses, without its commit."""
        return self.uses.partition("@")[0]


@dataclass(frozen=True)
class Job:
    """One job of a workflow."""

    workflow: str
    name: str
    raw: Mapping[str, Any]

    @property
    def steps(self) -> list[Step]:
        """Its steps in their order."""
        renamed = {"if": "condition", "with": "inputs"}
        return [Step(**{renamed.get(key, key): value for key, value in step.items()}) for step in self.raw["steps"]]

    def __str__(self) -> str:
        return f"{self.workflow}:{self.name}"


@dataclass(frozen=True)
class Workflow:
    """One file."""

    path: Path
    text: str
    raw: Mapping[Any, Any]

    @property
    def triggers(self) -> Mapping[str, Any]:
        """What starts it. YAML 1.1 reads the key `on` as a truth value."""
        triggers: Mapping[str, Any] = self.raw[True]
        return triggers

    @property
    def jobs(self) -> dict[str, Job]:
        """Its jobs by their names."""
        return {name: Job(self.path.stem, name, raw) for name, raw in self.raw["jobs"].items()}


def workflows() -> dict[str, Workflow]:
    """Return all workflows by the names of their files."""
    read = {}
    for path in sorted(FOLDER.glob("*.y*ml")):
        text = path.read_text("utf-8")
        read[path.stem] = Workflow(path, text, yaml.safe_load(text))
    return read


def all_jobs() -> Iterator[Job]:
    """Yield the jobs of all workflows."""
    for workflow in workflows().values():
        yield from workflow.jobs.values()


def filled(text: str, known: Mapping[str, str]) -> str:
    """Return a text with its expressions replaced by what is known; KeyError for any other expression."""
    return EXPRESSION.sub(lambda match: known[match[1]], text)


def holds(condition: str, known: Mapping[str, str]) -> bool:
    """Evaluate an `if`: the kinds that stand in these workflows, and KeyError for what is not known."""
    inner = EXPRESSION.fullmatch(condition)
    for part in (inner[1] if inner else condition).split(" && "):
        left, operator, right = part.partition(" != ") if " != " in part else part.partition(" == ")
        if operator:
            if (known[left] == right.strip("'")) != (operator == " == "):
                return False
        elif part not in ("", "always()", "!cancelled()"):
            raise KeyError(part)
    return True
