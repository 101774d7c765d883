"""What requests about events are made of: texts, links, amounts, times, and free JSON, checked alike everywhere."""

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from marquee import money
from marquee.hub import wall_time
from marquee.schemas import Exact

_DEEPEST = 20
_LARGEST = 2**53


class Part(Exact):
    """A part of an event of which each field can be given alone: what is not given stays as it is."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema without defaults: a client that fills them in would change what it did not mean to."""
        found = handler(schema)
        for field in handler.resolve_ref_schema(found).get("properties", {}).values():
            field.pop("default", None)
        return found


def merged(base: dict[str, Any], part: Part) -> dict[str, Any]:
    """`base` with what the part gives; parts of it are merged in turn, everything else is replaced."""
    after = dict(base)
    for name in part.model_fields_set:
        value = getattr(part, name)
        after[name] = merged(base.get(name) or {}, value) if isinstance(value, Part) else _plain(value)
    return after


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.model_dump() if isinstance(value, BaseModel) else value


def not_given() -> Any:
    """Stands in a field that the request does not name; nobody reads it, only the fields that were given count."""


def composed(value: object) -> object:
    """Text in Unicode's composed form (NFC): what looks the same is the same."""
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def lower(value: object) -> object:
    """Words of a vocabulary are taken in any case."""
    return value.strip().lower() if isinstance(value, str) else value


def _is_a_link(value: str) -> str:
    try:
        found = urlsplit(value)
    except ValueError:
        found = None
    if found is None or found.scheme not in {"http", "https"} or not found.netloc or re.search(r"\s", value):
        raise ValueError("give a URL that begins with https:// or http://")
    return value


def _is_an_image(value: str) -> str:
    if re.search(r"[\s\\]", value) or (
        ":" in value.partition("/")[0] and not value.lower().startswith(("https:", "http:"))
    ):
        raise ValueError("give an https URL, or what POST /images gave")
    return value


def is_a_wall_time(value: str) -> str:
    """The text, where it is a wall time, or a moment, in every zone. Raises ValueError."""
    # The event's zone is known later: on the first and the last of all clocks this must be a wall time.
    for zone in ("Etc/GMT-14", "Etc/GMT+12"):
        wall_time.parse(value, zone)
    return value


def is_a_currency(value: str) -> str:
    """The code, where it is one of ISO 4217. Raises ValueError."""
    if not money.is_currency(value):
        raise ValueError(f"'{value}' is not an ISO 4217 currency code")
    return value


def is_an_address(value: str) -> str:
    """The text, where it looks like an e-mail address. Raises ValueError."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise ValueError("give an e-mail address")
    return value


def _storable(value: Any, depth: int = 0) -> Any:
    """Free JSON as it can be stored and sent. Raises ValueError."""
    if depth > _DEEPEST:
        raise ValueError(f"nested more than {_DEEPEST} deep")
    match value:
        case dict():
            return {_text(key): _storable(inner, depth + 1) for key, inner in value.items()}
        case list():
            return [_storable(inner, depth + 1) for inner in value]
        case str():
            return _text(value)
        case bool() | None:
            return value
        case int() if abs(value) <= _LARGEST:
            return value
        case Decimal() if abs(value) <= _LARGEST:
            # Numbers of this kind are sent as they came; nothing is computed from them.
            return float(value)
        case _:
            raise ValueError("a number that JSON readers do not agree on")


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("text that is no Unicode") from None
    return value


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=75), BeforeValidator(composed)]
Label = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), BeforeValidator(composed)
]
Long = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2500), BeforeValidator(composed)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), BeforeValidator(composed)]
Optional = Annotated[Short | None, BeforeValidator(_blank_is_none)]
OptionalLong = Annotated[Long | None, BeforeValidator(_blank_is_none)]
Number = Annotated[Short, BeforeValidator(_as_text)]
Link = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), AfterValidator(_is_a_link)]
OptionalLink = Annotated[Link | None, BeforeValidator(_blank_is_none)]
Picture = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)],
    AfterValidator(_is_an_image),
    Field(description="An https URL, or what `POST /images` gave"),
]
OptionalPicture = Annotated[Picture | None, BeforeValidator(_blank_is_none)]
WallTime = Annotated[
    str,
    StringConstraints(max_length=40),
    AfterValidator(is_a_wall_time),
    Field(description="On the event's clock, as in `2035-01-24 19:30`; with an offset it is converted"),
]
Currency = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_upper=True, max_length=3),
    AfterValidator(is_a_currency),
    Field(description="ISO 4217"),
]
Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254), AfterValidator(is_an_address)]
Amount = Annotated[Decimal, Field(ge=0, le=1_000_000_000, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]
Word = Annotated[Short, BeforeValidator(lower)]
Json = Annotated[Any, AfterValidator(_storable)]


class NamedAsked(Exact):
    """A name with whatever it is for."""

    name: Label
    value: Json = None


class NamedLink(Exact):
    """A link with its name."""

    name: Label
    value: Link


class ImageAsked(Exact):
    """A banner or thumbnail."""

    name: Short = ""
    image: Picture
    primary: bool = False


class Timed(Part):
    """A part with a time on the event's clock. Given in UTC alone, it is converted; given both ways, `local` counts."""

    local: WallTime | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_utc(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "utc" not in value:
            return value
        value = dict(value)
        utc = value.pop("utc")
        if utc and isinstance(utc, str) and not value.get("local"):
            aware = re.search(r"([Zz]|[+-]\d{2}:?\d{2})$", utc.strip())
            value["local"] = utc if aware else f"{utc.strip()}+00:00"
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema with `utc`, which is taken and not kept."""
        found = super().__get_pydantic_json_schema__(schema, handler)
        utc = {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "The same in UTC; `local` counts"}
        handler.resolve_ref_schema(found)["properties"]["utc"] = utc
        return found


class GivenMoment(Timed):
    """A moment: a wall time on the event's clock, or an object with `local` or `utc`."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"local": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """A text or the object."""
        return or_text(super().__get_pydantic_json_schema__(schema, handler))


def _has_a_time(value: GivenMoment) -> GivenMoment:
    if not value.local:
        raise ValueError("give a date and a time, as in 2035-01-24 19:30")
    return value


GivenStart = Annotated[GivenMoment, AfterValidator(_has_a_time)]


def or_text(schema: JsonSchemaValue) -> JsonSchemaValue:
    """The schema of what may be a text as well."""
    return {"anyOf": [{"type": "string"}, schema]}
