"""A stand-in for GitHub's command line `gh`: it knows the commands that the workflows run, and no others.

It refuses what GitHub would refuse: no token, a branch that was not pushed, a second pull request for one branch, a
workflow that cannot be started by hand. What it was asked for stands in the folder FAKE_GH.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

STATE = Path(os.environ["FAKE_GH"])


def parse() -> argparse.Namespace:
    """Return the command line; another one ends this with code 2, as argparse does."""
    parser = argparse.ArgumentParser("gh", allow_abbrev=False)
    areas = parser.add_subparsers(dest="area", required=True)
    auth = areas.add_parser("auth").add_subparsers(dest="command", required=True)
    auth.add_parser("setup-git")
    pr = areas.add_parser("pr").add_subparsers(dest="command", required=True)
    listing = pr.add_parser("list", allow_abbrev=False)
    listing.add_argument("--head", required=True)
    listing.add_argument("--state", choices=["open"], required=True)
    listing.add_argument("--json", choices=["number"], required=True)
    listing.add_argument("--jq", choices=[".[].number"], required=True)
    create = pr.add_parser("create", allow_abbrev=False)
    for option in ("--base", "--head", "--title", "--body-file"):
        create.add_argument(option, required=True)
    edit = pr.add_parser("edit", allow_abbrev=False)
    edit.add_argument("number", type=int)
    edit.add_argument("--body-file", required=True)
    run = areas.add_parser("workflow").add_subparsers(dest="command", required=True).add_parser("run")
    run.add_argument("workflow")
    run.add_argument("--ref", required=True)
    return parser.parse_args()


def refuse(why: str) -> None:
    """End as gh does when GitHub refuses."""
    sys.exit(f"gh: {why}")


def require_pushed(branch: str) -> None:
    """Refuse a branch that origin has not."""
    done = subprocess.run(["git", "ls-remote", "--exit-code", "origin", f"refs/heads/{branch}"], check=False)
    if done.returncode:
        refuse(f"no branch {branch}")


def main() -> None:
    """Do as GitHub would."""
    asked = parse()
    if not os.environ.get("GH_TOKEN"):
        refuse("no GH_TOKEN")
    with (STATE / "asked.txt").open("a", encoding="utf-8") as log:
        log.write(f"{asked.area} {asked.command}\n")
    file = STATE / "pulls.json"
    pulls = json.loads(file.read_text("utf-8")) if file.exists() else []
    if asked.command == "list":
        for pull in pulls:
            if pull["head"] == asked.head:
                print(pull["number"])  # noqa: T201 - it is what gh prints
    elif asked.command == "create":
        require_pushed(asked.base)
        require_pushed(asked.head)
        if any(pull["head"] == asked.head for pull in pulls):
            refuse(f"a pull request for {asked.head} exists already")
        body = Path(asked.body_file).read_text("utf-8")
        pulls.append(
            {"number": len(pulls) + 1, "head": asked.head, "base": asked.base, "title": asked.title, "body": body}
        )
    elif asked.command == "edit":
        (pull,) = (pull for pull in pulls if pull["number"] == asked.number)
        pull |= {"body": Path(asked.body_file).read_text("utf-8"), "edited": True}
    elif asked.command == "run":
        require_pushed(asked.ref)
        if "workflow_dispatch:" not in Path(".github/workflows", asked.workflow).read_text("utf-8"):
            refuse(f"{asked.workflow} has no workflow_dispatch")
        with (STATE / "started.txt").open("a", encoding="utf-8") as started:
            started.write(f"{asked.workflow} {asked.ref}\n")
    file.write_text(json.dumps(pulls), encoding="utf-8")


main()
