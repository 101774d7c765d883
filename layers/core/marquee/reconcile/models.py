"""Reconciliation: what Main and Registry disagree about, and what became of it."""

from typing import Literal

from typing_extensions import TypedDict

from marquee.registry.models import RegistryView

Kind = Literal["frontend", "metadata", "missing_in_registry", "unreadable"]


class MainSays(TypedDict):
    """What Main holds of an event, as far as the Registry should know or has told it."""

    frontend_status: str
    sequence: int
    changed_at: str | None
    registry_version: int


class Drift(TypedDict):
    """One disagreement: what each host said when they were compared."""

    eid: str
    kind: Kind
    main: MainSays
    registry: RegistryView | None


class Outcome(Drift):
    """A disagreement, and whether it is gone; the error is a stable code."""

    repaired: bool
    error: str | None


class Tally(TypedDict):
    """What a run has counted so far. It travels with the execution, page by page."""

    compared: int
    drifted: dict[Kind, int]
    repaired: dict[Kind, int]
    examples: list[Outcome]


class Page(TypedDict):
    """A compared page: the tally with it, what is to be repaired, and where to go on (None at the end)."""

    tally: Tally
    drifts: list[Drift]
    after: str | None


class Failure(TypedDict):
    """Why a run did not get through to the end."""

    error: str
    cause: str


class Report(TypedDict):
    """What a run found and did. What is not repaired, for whatever reason, is unrepaired."""

    tenant: str
    execution: str
    started_at: str
    finished_at: str
    completed: bool
    failure: Failure | None
    compared: int
    drifted: dict[Kind, int]
    repaired: dict[Kind, int]
    unrepaired: dict[Kind, int]
    examples: list[Outcome]


class Retaken(TypedDict):
    """Changes of the Registry that Main had not taken: how many were found, brought over, and not."""

    found: int
    retaken: int
    failed: int
    more: bool


class Child(TypedDict):
    """A tenant, and the name of the execution that compares it."""

    tenant: str
    name: str


class Tenants(TypedDict):
    """A page of tenants; the rest is for the execution of this name, from there on (None at the end)."""

    children: list[Child]
    after: str | None
    next_name: str
