"""Meta's Marketing API on 127.0.0.1: the calls that the adapter makes, refused where Meta would refuse them."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.local_host import Asked, LocalHost, Reply
from tests.support.meta_rules import GraphError, checked_ad, checked_ad_set, checked_campaign, tree
from tests.support.platforms import ACCOUNT_ID, TOKEN

JSON = "application/json; charset=UTF-8"
_FIRST_ID = 120_200_000_000_000_001
_KINDS = {"campaigns": "campaign", "adsets": "ad_set", "ads": "ad"}
_PARENTS = {"adsets": "campaign_id", "ads": "adset_id"}


def graph_error(code: int, message: str = "No reason", *, status: int = 400, **also: Any) -> Reply:
    """An error in Graph API's envelope."""
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AbC123", **also}
    return Reply(status, json.dumps({"error": error}).encode(), media_type=JSON)


class MetaServer(LocalHost):
    """One ad account. What is created shows on edges only after `lag` more of them were read; by id it does at once."""

    base = "/v24.0"

    def __init__(self) -> None:
        self.token = TOKEN
        self.app_secret = ""
        self.currency = "EUR"
        self.interests = {"rock": "6003139266461", "live music": "6003020834693"}
        self.creatives = {"5566778899"}
        self.dsa = False  # whether ads in the EU have to say whose they are
        self.page_size = 25
        self.lag = 0
        self.nodes: dict[str, dict[str, Any]] = {}
        self.insights: dict[str, dict[str, Any]] = {}
        self.most_spending = 0  # ad sets that were ever on at a time
        self._edges_read = 0
        super().__init__()

    # --- looking at it ------------------------------------------------------------------------------------------------

    def alive(self, kind: str) -> list[dict[str, Any]]:
        """The nodes of a kind that are not deleted, nor anything above them."""
        return [node for node in self.nodes.values() if node["kind"] == kind and self._alive(node)]

    def spending(self) -> list[str]:
        """The ad sets that are on, in a campaign that is."""
        sets = [one for one in self.alive("ad_set") if one["status"] == "ACTIVE"]
        return [one["id"] for one in sets if self.nodes[one["campaign_id"]]["status"] == "ACTIVE"]

    def writes(self) -> list[str]:
        """Paths of the requests that were to change something."""
        return [asked.path.removeprefix(self.base) for asked in self.asked if asked.method == "POST"]

    # --- serving ------------------------------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Reply:
        parts = urlsplit(asked.path)
        sent = dict(parse_qsl(asked.body.decode() if asked.method == "POST" else parts.query))
        path = parts.path.removeprefix(self.base).strip("/")
        try:
            self._require_access(asked, sent)
            found = self._posted(path, sent) if asked.method == "POST" else self._read(path, sent)
        except GraphError as error:
            return graph_error(error.code, error.message, **error.also)
        self.most_spending = max(self.most_spending, len(self.spending()))
        return Reply(200, json.dumps(found).encode(), media_type=JSON)

    def _require_access(self, asked: Asked, sent: dict[str, str]) -> None:
        given = asked.headers.get("authorization", "")
        if given != f"Bearer {self.token}":
            raise GraphError(190, f"Malformed access token {given.removeprefix('Bearer ')}")
        if self.app_secret:
            proof = hmac.new(self.app_secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()
            if sent.get("appsecret_proof") != proof:
                raise GraphError(100, "Invalid appsecret_proof provided in the API argument")

    def _posted(self, path: str, sent: dict[str, str]) -> dict[str, Any]:
        sent = {name: value for name, value in sent.items() if name != "appsecret_proof"}
        if path in self.nodes:
            return self._changed(self.nodes[path], sent)
        account, _, edge = path.partition("/")
        if account != f"act_{ACCOUNT_ID}" or edge not in _KINDS:
            raise GraphError(100, "Unsupported post request.", error_subcode=33)
        match edge:
            case "campaigns":
                fields = checked_campaign(sent)
            case "adsets":
                fields = checked_ad_set(sent, self._parent(sent, "campaign_id"), self)
            case _:
                fields = checked_ad(sent, self._parent(sent, "adset_id"), self)
        node_id = str(_FIRST_ID + len(self.nodes))
        seen = self._edges_read + self.lag
        self.nodes[node_id] = {"id": node_id, "kind": _KINDS[edge], "seen_after": seen, **fields}
        return {"id": node_id}

    def _changed(self, node: dict[str, Any], sent: dict[str, str]) -> dict[str, Any]:
        if set(sent) != {"status"} or sent["status"] not in {"ACTIVE", "PAUSED", "ARCHIVED", "DELETED"}:
            raise GraphError(100, "Invalid parameter")
        if not self._alive(node):
            raise GraphError(100, f"Object with ID '{node['id']}' does not exist", error_subcode=33)
        if node["status"] == "ARCHIVED" and sent["status"] != "DELETED":
            raise GraphError(100, "An archived object can only be deleted", error_subcode=1487056)
        node["status"] = sent["status"]
        return {"success": True}

    def _read(self, path: str, sent: dict[str, str]) -> dict[str, Any]:
        if path == f"act_{ACCOUNT_ID}":
            return {"id": path, "currency": self.currency}
        if path == "search":
            return self._searched(sent)
        if path == f"act_{ACCOUNT_ID}/campaigns":
            return self._edge("campaigns", None, tree(sent["fields"]), sent)
        node, _, edge = path.partition("/")
        if node not in self.nodes:
            raise GraphError(100, f"Object with ID '{node}' does not exist", error_subcode=33)
        if edge == "insights":
            row = self.insights.get(node)
            return {"data": [row] if row else []}
        return self._shown(self.nodes[node], tree(sent["fields"]))

    def _edge(self, edge: str, parent: str | None, fields: dict[str, Any], sent: dict[str, str]) -> dict[str, Any]:
        found = [
            node
            for node in self.alive(_KINDS[edge])
            if (parent is None or node[_PARENTS[edge]] == parent) and node["seen_after"] <= self._edges_read
        ]
        self._edges_read += parent is None
        wanted = {"ACTIVE", "PAUSED"}
        for one in json.loads(sent.get("filtering", "[]")):
            if one["field"] == "effective_status" and one["operator"] == "IN":
                wanted = {*one["value"]}
            elif one["field"] == "name" and one["operator"] == "CONTAIN":
                found = [node for node in found if one["value"].casefold() in node["name"].casefold()]
            else:
                raise GraphError(100, f"Invalid filter on {one['field']}")
        found = [node for node in found if node["status"] in wanted]
        begin, limit = int(sent.get("after", "0")), min(int(sent.get("limit", "25")), self.page_size)
        page: dict[str, Any] = {"data": [self._shown(node, fields) for node in found[begin : begin + limit]]}
        page["paging"] = {"cursors": {"before": str(begin), "after": str(begin + limit)}}
        if begin + limit < len(found):
            page["paging"]["next"] = f"{self.url}/{edge}?access_token={self.token}&after={begin + limit}"
        return page

    def _shown(self, node: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": node["id"]}
        for name, below in fields.items():
            if name in _KINDS:
                page = self._edge(name, node["id"], below, {"limit": "50"})
                shown |= {name: page} if page["data"] else {}
            elif name in node:
                shown[name] = node[name]
        return shown

    def _searched(self, sent: dict[str, str]) -> dict[str, Any]:
        if sent.get("type") != "adinterestvalid":
            raise GraphError(100, "Invalid search type", error_data={"blame_field_specs": [["type"]]})
        found = []
        for name in json.loads(sent["interest_list"]):
            known = self.interests.get(name.casefold())
            found.append({"name": name, "valid": True, "id": known} if known else {"name": name, "valid": False})
        return {"data": found}

    def _parent(self, sent: dict[str, str], name: str) -> dict[str, Any]:
        parent = self.nodes.get(sent.get(name, ""))
        if parent is None or not self._alive(parent):
            raise GraphError(100, f"Invalid parameter: {name}", error_subcode=33)
        return parent

    def _alive(self, node: dict[str, Any]) -> bool:
        above = self.nodes.get(node.get("adset_id") or node.get("campaign_id") or "")
        return node["status"] != "DELETED" and (above is None or self._alive(above))
