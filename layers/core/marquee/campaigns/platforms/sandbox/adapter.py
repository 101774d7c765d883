"""An ad platform of our own, without people and without money: for trials, and for tests that need its faults."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from marquee import clock
from marquee.campaigns.platforms.errors import Busy, Refused, Unreachable
from marquee.campaigns.platforms.models import Account, CampaignSpec, Delivery, RemoteCampaign
from marquee.campaigns.platforms.sandbox import repository, rules
from marquee.campaigns.platforms.sandbox.rules import Fault, Moment, Operation
from marquee.ids import derived_id

_ATTEMPTS = 10


class Sandbox:
    """The platform "sandbox". What it has is the tenant's; what goes wrong is what was put there to go wrong."""

    name = "sandbox"

    def find(self, account: Account, spec: CampaignSpec) -> RemoteCampaign | None:
        """See `Platform`."""
        with _faulty(account, spec, "find"):
            stored = repository.campaign(account.tenant, spec.key)
            return rules.as_remote(stored, spec) if stored else None

    def create(self, account: Account, spec: CampaignSpec) -> RemoteCampaign:
        """See `Platform`."""
        with _faulty(account, spec, "create"):
            speed = int(account.settings.get("speed", "1"))
            new = rules.opened(derived_id("sbx", account.tenant, spec.key), spec, speed)
            repository.put(account.tenant, spec.key, new, 0)
            return rules.as_remote(repository.campaign(account.tenant, spec.key) or new, spec)

    def switch(self, account: Account, spec: CampaignSpec, *, running: bool) -> RemoteCampaign:
        """See `Platform`."""
        with _faulty(account, spec, "switch"):
            for _ in range(_ATTEMPTS):
                stored = repository.campaign(account.tenant, spec.key)
                if stored is None:
                    raise Refused("platform.not_found", f"The sandbox has no campaign '{spec.key}'.")
                new = rules.switched(stored, clock.epoch(), on=running)
                if new is None or repository.put(account.tenant, spec.key, new, stored["version"]):
                    return rules.as_remote(new or stored, spec)
            raise Busy("platform.busy", "The campaign is being switched by others. Try again.")

    def remove(self, account: Account, spec: CampaignSpec) -> None:
        """See `Platform`."""
        with _faulty(account, spec, "remove"):
            repository.delete(account.tenant, spec.key)

    def delivery(self, account: Account, spec: CampaignSpec, until: str) -> Delivery | None:
        """See `Platform`."""
        with _faulty(account, spec, "delivery"):
            stored = repository.campaign(account.tenant, spec.key)
            if stored is None:
                return None
            told = min(datetime.fromisoformat(until), clock.now())
            return rules.delivery(stored, int(told.timestamp()), clock.rfc3339(told))


@contextmanager
def _faulty(account: Account, spec: CampaignSpec, operation: Operation) -> Iterator[None]:
    """Let the operation meet the fault that is due, if any."""
    fault = _due(account.tenant, operation, spec.key)
    _break(fault, "before")
    yield
    _break(fault, "after")


def _due(tenant: str, operation: Operation, key: str) -> Fault | None:
    """The fault that this operation meets, used up by one; None where none is due, or it only was counted down."""
    for _ in range(_ATTEMPTS):
        fault = rules.next_fault(repository.faults(tenant), operation, key)
        if fault is None:
            return None
        if repository.consume(tenant, fault):
            return None if fault["skip"] else fault
    return None


def _break(fault: Fault | None, moment: Moment) -> None:
    if fault is None or fault["moment"] != moment:
        return
    match fault["error"]:
        case "refused":
            raise Refused("platform.refused", "The sandbox refuses it, as it was told to.")
        case "busy":
            raise Busy("platform.busy", "The sandbox is busy, as it was told to be.", retry_after=1)
        case "unreachable":
            raise Unreachable("platform.unreachable", "The sandbox does not answer, as it was told.", retry_after=1)
