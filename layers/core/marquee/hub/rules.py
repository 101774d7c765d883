"""Pure rules of the Hub's events: ids, and the life of an event.

| state | becomes | by |
|---|---|---|
| draft | ready | complete (by itself, once nothing is missing) |
| ready | draft | reopen (by itself, once something is missing) |
| ready, unpublished | published | publish |
| published (live) | unpublished | unpublish |
| draft, ready, published (live), unpublished | cancelled | cancel |
| draft, ready, unpublished, cancelled | gone | delete |

`live` is no state of its own: a published event is live while one of its occurrences runs. All but cancelled events can
be edited.
"""

import hashlib
import re
import unicodedata
import uuid
from typing import Literal

from marquee.errors import Conflict
from marquee.hub.event_documents import State
from marquee.hub.models import StoredState
from marquee.ids import derived_id
from marquee.text import folded

Action = Literal["publish", "unpublish", "cancel", "delete", "edit"]

TRANSITIONS: dict[Action, dict[StoredState, StoredState | None]] = {
    "publish": {"ready": "published", "unpublished": "published"},
    "unpublish": {"published": "unpublished"},
    "cancel": {"draft": "cancelled", "ready": "cancelled", "published": "cancelled", "unpublished": "cancelled"},
    "delete": {"draft": None, "ready": None, "unpublished": None, "cancelled": None},
    "edit": {"draft": "draft", "ready": "ready", "published": "published", "unpublished": "unpublished"},
}
"""By action, the state that each state becomes; None where the event is gone then."""


def transition(action: Action, state: StoredState, shown: State | None = None) -> StoredState | None:
    """The state after the action. Raises Conflict, naming what is possible, where the state does not allow it.

    `shown` is the state as readers see it (`live` for a published event whose occurrence runs).
    """
    if state not in TRANSITIONS[action]:
        told = f"An event that is {shown or state} cannot {_PASSIVE[action]}. It can {_or(legal(state))}."
        raise Conflict("event.state", told)
    return TRANSITIONS[action][state]


def legal(state: StoredState) -> list[str]:
    """What can be done with an event in this state, in words."""
    return [_PASSIVE[action] for action, states in TRANSITIONS.items() if state in states]


_PASSIVE: dict[Action, str] = {
    "publish": "be published",
    "unpublish": "be unpublished",
    "cancel": "be cancelled",
    "delete": "be deleted",
    "edit": "be edited",
}


def _or(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]


def settled(state: StoredState, missing: object) -> StoredState:
    """A draft is ready once nothing is missing, and a draft again once something is. Other states stay."""
    if state in {"draft", "ready"}:
        return "draft" if missing else "ready"
    return state


def shown_state(state: StoredState, running: bool) -> State:
    """The state as readers see it."""
    return "live" if state == "published" and running else state


def slug(name: str) -> str:
    """A name as it stands in URLs: lower case, without accents, its words joined by hyphens; empty without words."""
    return "-".join(_WORDS.findall(unicodedata.normalize("NFC", folded(name))))


_WORDS = re.compile(r"[^\W_]+")


def new_uuid() -> str:
    """A random UUID (version 4)."""
    return str(uuid.uuid4())


def derived_uuid(*parts: str) -> str:
    """The UUID, of version 4's form, that these parts always get. As secret as the most secret part."""
    digest = hashlib.sha256("\n".join(f"{len(part)}:{part}" for part in parts).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def is_uuid(value: str) -> bool:
    """Whether this is a UUID in the form in which the Hub writes them, with hyphens; its own are lower case."""
    try:
        return str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def occurrence_uuid(event_uuid: str, key: int) -> str:
    """The id of the occurrence with this key."""
    return derived_uuid(event_uuid, "occurrence", str(key))


def main_event_id(tenant: str, event_uuid: str, key: int) -> str:
    """The id that the occurrence with this key has at the Registry and on Main."""
    return derived_id("evt", tenant, event_uuid, "occurrence", str(key))
