"""Where an event takes place, as its configuration says. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any


def named(content: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """The values of the configuration's attributes of this name (``venue``, ``online``), in any case, in order."""
    for attribute in content["configuration"].get("attributes") or ():
        if str(attribute.get("name")).casefold() == name and isinstance(attribute.get("value"), Mapping):
            yield attribute["value"]


def wanted(content: Mapping[str, Any]) -> str:
    """The name of the attribute that says where an event of this type is."""
    return "online" if content["configuration"]["type"] == "online_event" else "venue"
