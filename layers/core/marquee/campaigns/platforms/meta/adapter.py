"""Meta's Marketing API as a platform.

Meta knows no key of the caller's, so the external key is part of every name, and nothing is created before it was
looked for. Looking may come too early after an answer was lost; then there are two for a while. That does no harm:
all is created paused, only one of them is ever switched on, and the others are removed whenever they are seen. What
has an id that is known is also looked for by that, where it shows at once. With no creative in the integration's
settings a campaign has no ad, and shows nothing until somebody adds one.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from marquee.campaigns.platforms.errors import Refused
from marquee.campaigns.platforms.meta import rules
from marquee.campaigns.platforms.meta.graph import Graph
from marquee.campaigns.platforms.meta.rules import Node
from marquee.campaigns.platforms.models import Account, CampaignSpec, Delivery, RemoteCampaign

_MOST_KNOWN = 10_000


class _Call(NamedTuple):
    """One operation: for which campaign of whom, until when (of `time.monotonic`), and what this process made of it."""

    account: Account
    spec: CampaignSpec
    deadline: float
    made: dict[str, str]

    @property
    def tenant(self) -> str:
        return self.account.tenant

    @property
    def edge(self) -> str:
        """Path of the ad account."""
        return f"/act_{self.account.settings.get('account_id', '')}"


class Meta:
    """The platform "meta". An operation ends within `budget` seconds."""

    name = "meta"

    def __init__(self, graph: Graph, *, budget: float = 24.0) -> None:
        self._graph = graph
        self._budget = budget
        self._currencies: dict[str, str] = {}
        self._interests: dict[str, Mapping[str, str]] = {}
        self._made: dict[tuple[str, str], dict[str, str]] = {}

    def find(self, account: Account, spec: CampaignSpec) -> RemoteCampaign | None:
        """See `Platform`."""
        found = self._campaigns(self._call(account, spec))
        return rules.as_remote(account, spec, found[0]) if found else None

    def create(self, account: Account, spec: CampaignSpec) -> RemoteCampaign:
        """See `Platform`. What is there already is completed, and else left as it is."""
        call = self._call(account, spec)
        try:
            return self._created(call)
        except Refused as error:
            if error.code != "platform.not_found" or not call.made:
                raise
        # Somebody else removed what was made here as one too many: then theirs is there.
        call.made.clear()
        return self._created(call)

    def switch(self, account: Account, spec: CampaignSpec, *, running: bool) -> RemoteCampaign:
        """See `Platform`. The campaign's own switch comes last, so it runs whole or not at all."""
        call = self._call(account, spec)
        found = self._campaigns(call)
        if not found:
            raise Refused("platform.not_found", f"Meta has no campaign '{spec.key}'.")
        if not running:
            for one in found:
                self._set(call, one, "PAUSED")
            return rules.as_remote(account, spec, {**found[0], "status": "PAUSED"} if _on(found[0]) else found[0])
        campaign = self._only(call, found)
        _require_alive(campaign)
        sets = self._ad_sets(call, campaign)
        if not sets:
            raise Refused("platform.incomplete", f"Meta's campaign '{spec.key}' has no ad set.")
        ad_set = self._only(call, sets)
        self._set(call, ad_set, "ACTIVE")
        self._set(call, campaign, "ACTIVE")
        on = {**campaign, "status": "ACTIVE", "adsets": {"data": [{**ad_set, "status": "ACTIVE"}]}}
        return rules.as_remote(account, spec, on)

    def remove(self, account: Account, spec: CampaignSpec) -> None:
        """See `Platform`. Deleted, it can be read by its id only; what it has brought stays in Meta's reports."""
        call = self._call(account, spec)
        for one in self._campaigns(call):
            self._delete(call, str(one["id"]))
        call.made.clear()

    def delivery(self, account: Account, spec: CampaignSpec, until: str) -> Delivery | None:
        """See `Platform`. Meta tells all that it knows by now, which for the last days may still change."""
        call = self._call(account, spec)
        found = self._campaigns(call)
        if not found:
            return None
        asked = {"fields": rules.INSIGHTS, "date_preset": "maximum"}
        rows = self._graph.pages(call.tenant, f"/{found[0]['id']}/insights", asked, call.deadline)
        return rules.delivery(spec, rows, until)

    # --- creating -----------------------------------------------------------------------------------------------------

    def _created(self, call: _Call) -> RemoteCampaign:
        campaign = self._campaign(call)
        if campaign is not None:
            _require_alive(campaign)
            there = rules.as_remote(call.account, call.spec, campaign)
            if there.complete and rules.single(campaign, call.spec):
                return there
        # All that can be refused is found out before anything is made.
        self._require_currency(call)
        fields, interests = rules.campaign_fields(call.account, call.spec), self._resolved(call)
        rules.ad_set_fields(call.account, call.spec, "", interests)
        if campaign is None:
            call.made["campaign"] = self._graph.create(call.tenant, f"{call.edge}/campaigns", fields, call.deadline)
            campaign = self._present(self._campaign(call), call)
        ad_set = self._ad_set(call, campaign)
        if ad_set is None:
            fields = rules.ad_set_fields(call.account, call.spec, str(campaign["id"]), interests)
            call.made["ad_set"] = self._graph.create(call.tenant, f"{call.edge}/adsets", fields, call.deadline)
            campaign = self._present(self._campaign(call), call)
            ad_set = self._present(self._ad_set(call, campaign), call)
        seen = rules.below(ad_set, "ads")
        ads = rules.ours([*seen, *self._unseen(call, "ad", rules.AD_FIELDS, seen, ad_set)], call.spec)
        for other in ads[1:]:  # they share a budget, and each of them shows the same
            self._delete(call, str(other["id"]))
        creative = call.account.settings.get("creative_id")
        if creative and not ads:
            fields = rules.ad_fields(call.spec, str(ad_set["id"]), creative)
            call.made["ad"] = self._graph.create(call.tenant, f"{call.edge}/ads", fields, call.deadline)
            ads = [{**fields, "id": call.made["ad"]}]
        whole = {**campaign, "adsets": {"data": [{**ad_set, "ads": {"data": ads[:1]}}]}}
        return rules.as_remote(call.account, call.spec, whole)

    def _campaign(self, call: _Call) -> Node | None:
        """The one campaign with the key; any other is removed."""
        found = self._campaigns(call)
        return self._only(call, found) if found else None

    def _ad_set(self, call: _Call, campaign: Node) -> Node | None:
        sets = self._ad_sets(call, campaign)
        return self._only(call, sets) if sets else None

    def _only(self, call: _Call, found: Sequence[Node]) -> Node:
        """The first, which counts; the others are removed unless they are switched on."""
        for other in found[1:]:
            if not _on(other):
                self._delete(call, str(other["id"]))
        return found[0]

    @staticmethod
    def _present(node: Node | None, call: _Call) -> Node:
        if node is None:
            raise Refused("platform.not_found", f"What was made of '{call.spec.key}' on Meta is gone again.")
        return node

    # --- asking -------------------------------------------------------------------------------------------------------

    def _call(self, account: Account, spec: CampaignSpec) -> _Call:
        call = _Call(account, spec, time.monotonic() + self._budget, {})
        if len(self._made) >= _MOST_KNOWN:
            self._made.clear()
        return call._replace(made=self._made.setdefault((call.edge, spec.key), call.made))

    def _campaigns(self, call: _Call) -> list[Node]:
        asked = {
            "fields": rules.FIELDS,
            "limit": 50,
            "filtering": [
                {"field": "name", "operator": "CONTAIN", "value": call.spec.key},
                {"field": "effective_status", "operator": "IN", "value": list(rules.STATUSES)},
            ],
        }
        found = self._graph.pages(call.tenant, f"{call.edge}/campaigns", asked, call.deadline)
        return rules.ours([*found, *self._unseen(call, "campaign", rules.FIELDS, found)], call.spec)

    def _ad_sets(self, call: _Call, campaign: Node) -> list[Node]:
        found = rules.below(campaign, "adsets")
        return rules.ours([*found, *self._unseen(call, "ad_set", rules.AD_SET_FIELDS, found, campaign)], call.spec)

    def _unseen(
        self, call: _Call, kind: str, fields: str, seen: Sequence[Node], above: Node | None = None
    ) -> list[Node]:
        """What is known to be there below `above`, where an edge does not show it (yet), read by its id."""
        made = call.made.get(kind) or (call.spec.remote_id if kind == "campaign" else None)
        if not made or made in {str(one["id"]) for one in seen}:
            return []
        try:
            found = self._graph.get(call.tenant, f"/{made}", {"fields": fields}, call.deadline)
        except Refused as error:
            if error.code != "platform.not_found":
                raise
            return []
        return [found] if above is None or above["id"] in {found.get("campaign_id"), found.get("adset_id")} else []

    def _set(self, call: _Call, node: Node, status: str) -> None:
        if node.get("status") != status and (status == "ACTIVE" or _on(node)):
            self._graph.update(call.tenant, str(node["id"]), {"status": status}, call.deadline)

    def _delete(self, call: _Call, node: str) -> None:
        try:
            self._graph.update(call.tenant, node, {"status": "DELETED"}, call.deadline)
        except Refused as error:
            if error.code != "platform.not_found":
                raise

    def _require_currency(self, call: _Call) -> None:
        if call.edge not in self._currencies:
            found = self._graph.get(call.tenant, call.edge, {"fields": "currency"}, call.deadline)
            self._currencies[call.edge] = str(found["currency"])
        if self._currencies[call.edge] != call.spec.currency:
            raise rules.currency_refused(self._currencies[call.edge], call.spec)

    def _resolved(self, call: _Call) -> list[Mapping[str, str]]:
        """The interests with Meta's ids. Raises Refused naming those that it does not know."""
        wanted = {name.casefold(): name for name in call.spec.interests}
        asked = [name for folded, name in wanted.items() if folded not in self._interests]
        if asked:
            parameters: dict[str, Any] = {"type": "adinterestvalid", "interest_list": asked, "limit": len(asked)}
            for one in self._graph.pages(call.tenant, "/search", parameters, call.deadline):
                if one.get("valid") and len(self._interests) < _MOST_KNOWN:
                    name = str(one["name"])
                    self._interests[name.casefold()] = {"id": str(one["id"]), "name": name}
        if unknown := [name for folded, name in wanted.items() if folded not in self._interests]:
            raise rules.unknown_interests(unknown)
        return [self._interests[folded] for folded in wanted]


def _on(node: Node) -> bool:
    return node.get("status") == "ACTIVE"


def _require_alive(campaign: Node) -> None:
    if campaign.get("status") == "ARCHIVED":
        raise Refused("platform.archived", "The campaign was archived on Meta, where it cannot run again.")
