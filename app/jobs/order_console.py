"""`jieban order explain NUMBER`: the whole story of an order."""

import click

from app.cases import explaining
from app.cases.orders import find
from app.cases.queries import demand_by_number, order_by_number
from app.core import clock
from app.core.db import Sessions, reading
from app.identity.policy import Role


@click.group()
def order() -> None:
    """Orders: the whole story of one."""


@order.command("explain")
@click.argument("number")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def explain(number: str, language: str) -> None:
    """Print every step, rule, deadline, pause and escalation of an order, and who held it.

    NUMBER is that of an order or of a demand. Names and numbers of requesters are not printed.
    """
    sessions: Sessions = click.get_current_context().obj["sessions"]()
    now = clock.now()
    with reading(sessions) as session:
        found = order_by_number(session, number)
        demand = found.demand if found is not None else demand_by_number(session, number)
        if demand is None:
            raise click.ClickException(f"没有编号为 {number} 的工单或诉求。 No order {number}.")
        case = find(session, demand.id)
        roles = frozenset({str(Role.INSPECTOR)})
        for section in explaining.explain(session, case, now, roles):
            click.echo(f"\n【{section.title.in_language(language)}】")
            for line in section.lines:
                click.echo("    " * line.depth + line.text.in_language(language))
