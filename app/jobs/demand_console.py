"""`jieban demand likeness FILE`: how well like demands are told from unlike ones."""

import csv
from pathlib import Path

import click

from app.cases.likeness import Account, Relation, measure
from app.decisions.dmn import read_model
from app.profiles.folders import TABLES


@click.group()
def demand() -> None:
    """Demands: how well like ones are found."""


@demand.command("likeness")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def likeness(file: Path) -> None:
    """Print precision and recall over a CSV of demands whose matter is known.

    Columns: matter, requester, category, district, address, content. Every two demands of one
    requester, or of one category in one district, are a pair; the shipped table judges it.
    """
    click.echo(str(measure(read_accounts(file), shipped_relation())))


def read_accounts(file: Path) -> list[Account]:
    """The demands of a file. Raises `click.ClickException` when it is not such a file."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        try:
            return [Account(**row) for row in csv.DictReader(opened)]
        except (TypeError, UnicodeDecodeError, csv.Error) as wrong:
            raise click.ClickException(
                f"{file}: not a CSV with the columns matter, requester, category, district, "
                f"address, content ({wrong})"
            ) from None


def shipped_relation() -> Relation:
    """What the shipped table `duplicates` makes of a new demand beside one that is open."""
    model = read_model((TABLES / "duplicates.dmn").read_bytes())

    def relation(*, requester: bool, category: bool, place: bool, text: int) -> str:
        outputs = model.decide(
            {
                "same_requester": requester,
                "same_category": category,
                "same_place": place,
                "text_similarity": text,
                "earlier": "open",
                "days_since": 0,
            }
        ).outputs
        if outputs["proposal"] == "merge":
            return "same_matter"
        return "possible" if outputs["hint"] else "different"

    return relation
