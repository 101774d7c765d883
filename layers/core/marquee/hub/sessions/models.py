"""Sessions as they are asked for, and the results of asking."""

from typing import Annotated, Any, Literal, NotRequired
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from typing_extensions import TypedDict

from marquee.hub.events.parts import Long, Name, WallTime, lower, not_given
from marquee.hub.session_documents import SessionDocument
from marquee.schemas import Received

MOST_MINUTES = 31 * 24 * 60
MOST_PLACES = 10_000_000
UNLIMITED = -1
_FARTHEST = 1_000_000
IMAGE_ENDINGS = (".jpg", ".jpeg", ".png")

Status = Literal["active", "inactive"]
Selection = Literal["all", "specific"]
Order = Literal["created_ascending", "created_descending", "starting", "name_ascending", "name_descending"]


def _ends_as_images_do(value: str) -> str:
    if not urlsplit(value).path.lower().endswith(IMAGE_ENDINGS):
        raise ValueError(f"the image's name ends in {', '.join(IMAGE_ENDINGS[:-1])} or {IMAGE_ENDINGS[-1]}")
    return value


def _is_a_capacity(value: int) -> int:
    if value == 0:
        raise ValueError(f"give at least 1, or {UNLIMITED} for no limit")
    return value


Id = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=36)]
Image = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2048),
    AfterValidator(_ends_as_images_do),
    Field(description="An https URL, or what `POST /images` gave; its name ends in .jpg, .jpeg or .png"),
]
GivenStatus = Annotated[Status, BeforeValidator(lower), Field(description="In any case")]


class SentStart(TypedDict):
    """A start as sessions are sent with it; `local` counts."""

    local: str
    utc: NotRequired[str]


def _local_of(value: Any) -> Any:
    """The wall time of a start as sessions are sent with it."""
    return (
        value["local"] if isinstance(value, dict) and value.keys() <= {"utc", "local"} and "local" in value else value
    )


Start = Annotated[
    WallTime,
    BeforeValidator(_local_of, json_schema_input_type=str | SentStart),
    Field(description="On the event's clock, as in 2035-01-24 19:30; in the future, and inside an occurrence"),
]
Minutes = Annotated[int, Field(ge=1, le=MOST_MINUTES, description="Minutes")]
Capacity = Annotated[
    int,
    Field(ge=UNLIMITED, le=MOST_PLACES, description="Places; -1 is no limit"),
    AfterValidator(_is_a_capacity),
]


class GivenOccurrences(Received):
    """The occurrences that have the session. Ids beside the type `all` are ignored."""

    type: Annotated[Selection, BeforeValidator(lower)] | None = Field(
        default=None, description="all or specific, in any case; by default what the ids make of it"
    )
    uuid: Annotated[list[Id], Field(max_length=730)] = Field(default_factory=list)


class GivenTickets(Received):
    """The ticket levels that admit to the session. Ids beside the type `all` are ignored."""

    type: Annotated[Selection, BeforeValidator(lower)] | None = Field(
        default=None, description="all or specific, in any case; by default what the ids make of it"
    )
    uuid: Annotated[list[Id], Field(max_length=50)] = Field(default_factory=list)


class SessionChange(Received):
    """What is changed of a session; what is left out stays as it is. Null takes an image or a display name away."""

    name: Name = Field(default_factory=not_given)
    display_name: Name | None = Field(default_factory=not_given)
    description: Long = Field(default_factory=not_given)
    sell_session: bool = Field(default_factory=not_given)
    status: GivenStatus = Field(default_factory=not_given)
    image: Image | None = Field(default_factory=not_given)
    session_starts_on: Start = Field(default_factory=not_given)
    duration: Minutes = Field(default_factory=not_given)
    capacity: Capacity = Field(default_factory=not_given)
    occurrences: GivenOccurrences = Field(default_factory=not_given)
    tickets: GivenTickets = Field(default_factory=not_given)


class NewSession(SessionChange):
    """A session to be created. It is in every occurrence and open to every ticket level unless some are named."""

    name: Name
    display_name: Name | None = None
    description: Long = ""
    sell_session: bool = False
    status: GivenStatus = "active"
    image: Image | None = None
    session_starts_on: Start
    duration: Minutes
    capacity: Capacity = UNLIMITED
    occurrences: GivenOccurrences = Field(default_factory=GivenOccurrences)
    tickets: GivenTickets = Field(default_factory=GivenTickets)


class CreateSession(Received):
    """Body of `POST /events/{event_uuid}/sessions`."""

    sessions: NewSession


class ChangeSession(Received):
    """Body of `PUT /events/{event_uuid}/sessions/{session_uuid}`."""

    sessions: SessionChange


def _split(values: Any) -> Any:
    """Documented are comma lists too."""
    if not isinstance(values, list):
        return values
    return [part.strip().lower() for value in values for part in str(value).split(",") if part.strip()]


class SessionsQuery(Received):
    """Which of an event's sessions are listed, in which order, and how many of them."""

    status: (
        Annotated[
            Literal["draft", "ready", "published", "live", "unpublished", "active", "inactive"], BeforeValidator(lower)
        ]
        | None
    ) = Field(
        default=None,
        description="The event's state: the list is empty unless it is this one. active, inactive: the sessions' own",
    )
    order_by: Annotated[Order, BeforeValidator(lower)] = "created_ascending"
    time_filter: Annotated[list[str], BeforeValidator(_split), Field(max_length=20)] = Field(
        default=[],
        description="today, tomorrow, this_week, this_weekend, next_week, next_weekend, this_month, next_month, "
        "this_year or next_year, in the event's time zone; of several the first counts, any other value none",
    )
    search_q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = Field(
        default=None, description="Words that all stand in the name or the description, in any case, with any accents"
    )
    position: Annotated[
        int, Field(ge=0, le=_FARTHEST, description="How many sessions to leave out before the first")
    ] = 0
    rows: Annotated[int, Field(ge=1, le=100)] = 20
    event_start_on: Annotated[str, StringConstraints(max_length=40)] | None = Field(
        default=None, description="When an occurrence starts, on the event's clock: its sessions; yyyy-mm-dd hh:mm"
    )


class SessionPagination(TypedDict):
    """`records` there are in all; the page begins at `position` and has at most `rows`. By attribute, the direction."""

    records: int
    position: int
    rows: int
    order_by: dict[str, Literal["ascending", "descending"]]


class SessionList(TypedDict):
    """The result of listing an event's sessions."""

    sessions: list[SessionDocument]
    pagination: SessionPagination
