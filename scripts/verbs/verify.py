"""`verify`: measure the variants and write their verdicts."""

from pathlib import Path

import click
import msgspec

from scripts import screen
from scripts.branches.generate import regenerate
from scripts.errors import Failure, WrongUse
from scripts.files import write_whole
from scripts.matrix import Matrix, Shard, Variant, load
from scripts.platforms.heroku.deployment_file import read_deployment
from scripts.probe.cases import load_cases, select
from scripts.probe.evidence import CaseEvidence, in_short
from scripts.verbs import options
from scripts.verdicts import measure_on_heroku
from scripts.verdicts.measure_variant import measure_variants
from scripts.verdicts.verdict import Verdict, differences, encode, evidence_in_short, printed_line
from scripts.verdicts.verdict_file import VERDICT_FILE, read_verdict, write_verdict


@click.command("verify")
@options.variant
@options.platform
@options.case
@options.shard
@click.option(
    "--into",
    envvar="INTO",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the verdicts below this folder, for `gather`, and not into variants/.",
)
@options.check("Compare with what is committed instead of writing it; exit code 1 on a difference.")
@options.as_json
@click.pass_obj
def command(
    root: Path, *, variant: str, to: str, case: str, shard: str, into: Path | None, check: bool, as_json: bool
) -> None:
    """Measure whether each variant has the issue, or, with TO=heroku, whether Heroku's own network shows it."""
    matrix = load(root)
    options.on(matrix)
    if to == "heroku":
        _verify_heroku(matrix, variant, check=check, as_json=as_json)
        return
    chosen = Shard.parse(shard).of(matrix.select(variant))
    cases = select(load_cases(root), case)
    in_part = case not in ("", "all")
    if in_part and into:
        raise WrongUse("CASE and INTO exclude each other", found="a verdict has all cases")
    found: dict[str, object] = {}
    different = []
    changes = regenerate(matrix, chosen) if chosen else []  # there may be more shares than variants
    for each, measured in measure_variants(root, changes, cases, screen.progress):
        if in_part:
            changed = _case_differences(each, measured.cases)
            found[each.name] = measured.cases
            lines = [f"{name}: {in_short(case_evidence)}" for name, case_evidence in measured.cases.items()]
            notes = [measured.proof, "differs from verdict.json" if changed else "as committed"]
        else:
            verdict = measured.verdict
            found[each.name] = verdict
            changed = _differences(each, verdict) if check else []
            lines = [evidence_in_short(verdict)]
            notes = [verdict.proof]
            if check:
                notes.append("differs from verdict.json" if changed else "as committed")
            if into or not check:
                notes.append(_written(each, verdict, into))
        different += [f"{each.name}: {line}" for line in changed]
        if not as_json:
            screen.out.print(printed_line(each.name, lines, notes))
    if as_json:
        screen.print_json({name: msgspec.to_builtins(each) for name, each in found.items()})
    for line in different:
        screen.err.print(line)
    if different:
        raise Failure("verdicts differ from what is committed", found=f"{len(different)} places", do="make verify")


def _verify_heroku(matrix: Matrix, variant: str, *, check: bool, as_json: bool) -> None:
    """Submit the form to the deployed variants, and record what Heroku's own network shows."""
    chosen = matrix.select(variant)
    if len(chosen) > 1:
        chosen = tuple(each for each in chosen if read_deployment(each))
    if not chosen:
        raise WrongUse("no variant is deployed", do="Deploy one: make deploy VARIANT=v0.12.1 TO=heroku")
    records: dict[str, measure_on_heroku.HerokuRecord] = {}
    different = []
    for each in chosen:
        record = records[each.name] = measure_on_heroku.measure(each)
        committed = measure_on_heroku.read_heroku(each) if check else None
        if not check:
            note = f"heroku.json {'written' if measure_on_heroku.write_heroku(each, record) else 'unchanged'}"
        elif committed and measure_on_heroku.same_evidence(committed, record):
            note = "as committed"
        else:
            note = "differs from heroku.json"
            different.append(each.name)
        if not as_json:
            screen.out.print(printed_line(each.name, [measure_on_heroku.in_short(record)], [note]))
    if as_json:
        screen.print_json({name: msgspec.to_builtins(record) for name, record in records.items()})
    if different:
        do = "make verify TO=heroku"
        raise Failure("what Heroku shows differs from what is committed", found=", ".join(different), do=do)


def _differences(variant: Variant, verdict: Verdict) -> list[str]:
    """Return what differs from the committed verdict."""
    committed = read_verdict(variant)
    return differences(committed, verdict) if committed else ["it was never measured"]


def _case_differences(variant: Variant, cases: dict[str, CaseEvidence]) -> list[str]:
    """Return what differs from the same cases of the committed verdict."""
    committed = read_verdict(variant)
    if not committed:
        return ["it was never measured"]
    return [f"{name}: another outcome" for name, each in cases.items() if committed.cases.get(name) != each]


def _written(variant: Variant, verdict: Verdict, into: Path | None) -> str:
    """Write the verdict where its evidence changed, or as it is below `into`; return what became of the file."""
    if into:
        file = into / variant.name / VERDICT_FILE
        write_whole(file, encode(verdict))
        return f"{file} written"
    return "verdict.json written" if write_verdict(variant, verdict) else "verdict.json unchanged"
