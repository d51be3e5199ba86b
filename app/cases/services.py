"""The services a diagram may call: one registry, filled by the modules that own the rules.

A service has a name, declared parameters and declared results; the checker refuses a diagram
that names another one or passes something else.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.cases.orders import Case
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine.content_checks import ServiceDeclaration


@dataclass(frozen=True, slots=True)
class Service:
    """One entry of the registry."""

    name: str
    label: Phrase
    parameters: Mapping[str, type]
    results: frozenset[str]
    call: Callable[..., Mapping[str, object] | None]


@dataclass(frozen=True, slots=True)
class Occasion:
    """On which occasion a service is called: the case, and the instant it is anchored at.

    `at` is the due instant where a deadline set things going, else the `now` of the unit of work.
    `process_id` is the process whose diagram holds the element.
    """

    uow: UnitOfWork
    case: Case
    at: datetime
    process_id: int
    element_id: str


SERVICES: dict[str, Service] = {}


def service(
    label: Phrase,
    *,
    results: frozenset[str] = frozenset(),
    **parameters: type,
) -> Callable[[Callable[..., Mapping[str, object] | None]], Callable[..., object]]:
    """Register the decorated function, under its own name, as a service of diagrams."""

    def register(
        function: Callable[..., Mapping[str, object] | None],
    ) -> Callable[..., Mapping[str, object] | None]:
        name = function.__name__
        if name in SERVICES:
            raise ValueError(f"the service {name} is registered twice")
        SERVICES[name] = Service(name, label, parameters, results, function)
        return function

    return register


def declarations() -> dict[str, ServiceDeclaration]:
    """What the checker of diagrams must know of the services."""
    return {
        service.name: ServiceDeclaration(
            parameters=dict.fromkeys(service.parameters, True),
            results=service.results,
        )
        for service in SERVICES.values()
    }


def load(*names: str) -> None:
    """Import every module of the packages, so that all their services and steps are registered."""
    for name in names:
        package = importlib.import_module(name)
        for module in pkgutil.iter_modules(package.__path__, f"{name}."):
            importlib.import_module(module.name)
