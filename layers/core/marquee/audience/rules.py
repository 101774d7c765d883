"""Pure rules of cluster sets: what a set may be, what names it, and how it is sent."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

import orjson

from marquee import ids, money
from marquee.audience.documents import ClusterDocument, ClusterSetDocument
from marquee.audience.models import (
    MAX_CELLS,
    MAX_CLUSTERS,
    MAX_MINOR,
    MAX_PRICE,
    TC_FORM,
    Cluster,
    ClusterSet,
    EditedCluster,
    Item,
    NewPlatformCosts,
    PlatformCosts,
)
from marquee.errors import Unprocessable, Violation

MAX_DOC_BYTES = 350_000
"""Bytes of a set as it is stored; DynamoDB takes 400 KB with the item's other attributes."""


def cluster_of(tc: str, asked: EditedCluster, field: str = "") -> Cluster | list[Violation]:
    """A cluster as it is stored, or what is wrong with its amounts; `field` is the path to it in the request."""
    platforms: dict[str, PlatformCosts] = {}
    violations: list[Violation] = []
    for name in ("meta", "sandbox"):
        costs: NewPlatformCosts | None = getattr(asked.platforms, name)
        if costs is None:
            continue
        amounts = {
            "cost_per_mille": (costs.cost_per_mille, MAX_PRICE),
            "minimum_spend": (costs.minimum_spend, MAX_MINOR),
        }
        minor = {key: to_minor(amount, asked.currency, most) for key, (amount, most) in amounts.items()}
        violations += [
            Violation("amount.not_in_currency", f"{field}platforms.{name}.{key}", told)
            for key, told in minor.items()
            if isinstance(told, str)
        ]
        platforms[name] = {
            "cost_per_mille": _int(minor["cost_per_mille"]),
            "click_rate": float(costs.click_rate),
            "purchase_rate": float(costs.purchase_rate),
            "minimum_spend": _int(minor["minimum_spend"]),
        }
    if violations:
        return violations
    return {
        "tc": tc,
        "label": asked.label,
        "size": asked.size,
        "interests": list(dict.fromkeys(asked.interests)),
        "currency": asked.currency,
        "platforms": platforms,
    }


def _int(value: int | str) -> int:
    return value if isinstance(value, int) else 0


def to_minor(amount: Decimal, currency: str, most: int) -> int | str:
    """An amount in minor units, exactly, or a sentence that says why it cannot be."""
    exact = money.to_minor(amount, currency)
    if exact is None:
        return f"{currency} has {money.exponent(currency)} decimals; there are more."
    if exact > most:
        return f"The amount is larger than {money.to_number(most, currency):,} {currency}."
    return exact


def arranged(clusters: Sequence[Cluster]) -> list[Cluster]:
    """The clusters in the order they are kept in. Raises Unprocessable where they are too many or too much."""
    cells = sum(len(one["platforms"]) for one in clusters)
    if len(clusters) > MAX_CLUSTERS or cells > MAX_CELLS:
        raise Unprocessable(
            "clusters.too_many",
            f"There would be {len(clusters)} clusters with {cells} platforms between them; at most {MAX_CLUSTERS} and "
            f"{MAX_CELLS} are taken.",
        )
    ordered = sorted(clusters, key=lambda one: one["tc"])
    if len(document_of(ordered).encode()) > MAX_DOC_BYTES:
        raise Unprocessable(
            "clusters.too_large",
            f"The clusters take more than {MAX_DOC_BYTES // 1000} KB together. Shorten their labels and interests.",
        )
    return ordered


def document_of(clusters: Sequence[Cluster]) -> str:
    """Clusters as they are stored; equal ones as equal text."""
    return orjson.dumps(clusters, option=orjson.OPT_SORT_KEYS).decode()


def run_id(tenant: str, clusters: Sequence[Cluster]) -> str:
    """The name of this very content."""
    return ids.derived_id("tcr", tenant, document_of(clusters))


def set_of(tenant: str, item: Item | None) -> ClusterSet:
    """A stored set; the empty one where there is none."""
    if item is None:
        return {"tc_run_id": run_id(tenant, []), "version": 0, "updated_at": None, "clusters": []}
    return {
        "tc_run_id": item["tc_run_id"],
        "version": item["version"],
        "updated_at": item["updated_at"],
        "clusters": orjson.loads(item["doc"]),
    }


def merged(before: Sequence[Cluster], changed: Mapping[str, Cluster]) -> list[Cluster]:
    """The clusters with some added, or in the place of those of the same id."""
    return [*(one for one in before if one["tc"] not in changed), *changed.values()]


# --- as they are sent -------------------------------------------------------------------------------------------------


def shown(cluster: Cluster) -> ClusterDocument:
    """A cluster as it is sent."""
    currency = cluster["currency"]
    return {
        "tc": cluster["tc"],
        "label": cluster["label"],
        "size": cluster["size"],
        "interests": cluster["interests"],
        "currency": currency,
        "platforms": {
            name: {
                "cost_per_mille": money.to_number(costs["cost_per_mille"], currency),
                "click_rate": costs["click_rate"],
                "purchase_rate": costs["purchase_rate"],
                "minimum_spend": money.to_number(costs["minimum_spend"], currency),
            }
            for name, costs in sorted(cluster["platforms"].items())
        },
    }


def shown_set(found: ClusterSet) -> ClusterSetDocument:
    """A set as it is sent."""
    return {
        "tc_run_id": found["tc_run_id"],
        "version": found["version"],
        "updated_at": found["updated_at"],
        "total": len(found["clusters"]),
        "clusters": [shown(one) for one in found["clusters"]],
    }


def is_an_id(tc: str) -> bool:
    """Whether a cluster can have this id."""
    return re.fullmatch(TC_FORM, tc) is not None
