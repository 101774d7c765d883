"""Pure rules of integrations: which settings a platform has, and what is missing of them."""

from collections.abc import Mapping
from typing import Literal

from marquee.campaigns.integrations.models import IntegrationDocument, NewIntegration, SecretState, Stored
from marquee.errors import NotFound, Unprocessable, Violation

Platform = Literal["sandbox", "meta"]
PLATFORMS: tuple[Platform, ...] = ("sandbox", "meta")
_SETTINGS: Mapping[Platform, tuple[str, ...]] = {
    "sandbox": ("speed",),
    "meta": ("account_id", "countries", "pixel_id", "page_id", "creative_id", "beneficiary", "payor"),
}
_NEEDED: Mapping[Platform, tuple[str, ...]] = {"sandbox": (), "meta": ("account_id", "countries")}
NONE: Stored = {"version": 0, "settings": {}, "updated_at": None}


def known(name: str) -> Platform:
    """The platform of this name. Raises NotFound."""
    for platform in PLATFORMS:
        if platform == name:
            return platform
    raise NotFound("platform.unknown", f"There is no platform '{name[:40]}'; there are {' and '.join(PLATFORMS)}.")


def asked(platform: Platform, body: NewIntegration) -> dict[str, str]:
    """The settings to store. Raises Unprocessable for those that are another platform's, or missing."""
    given = body.model_dump(exclude_none=True)
    wrong = [
        Violation("integration.unknown_setting", name, f"The platform '{platform}' has no setting '{name}'.")
        for name in given
        if name not in _SETTINGS[platform]
    ]
    wrong += [
        Violation("integration.missing_setting", name, f"The platform '{platform}' needs '{name}'.")
        for name in _NEEDED[platform]
        if name not in given
    ]
    if wrong:
        raise Unprocessable("integration.invalid", wrong[0].message, violations=wrong)
    return {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in given.items()}


def missing(platform: Platform, stored: Stored, secret: SecretState | None) -> list[str]:
    """What has to be set up before campaigns can run there: names of settings, and "secret"."""
    absent = [name for name in _NEEDED[platform] if name not in stored["settings"]]
    return [*absent, "secret"] if secret and secret["present"] is False else absent


def document(platform: Platform, stored: Stored, secret: SecretState | None) -> IntegrationDocument:
    """The integration as it is sent."""
    lacking = missing(platform, stored, secret)
    return {
        "platform": platform,
        "ready": not lacking and (secret is None or secret["present"] is True),
        "missing": lacking,
        "settings": {name: _shown(name, value) for name, value in stored["settings"].items()},
        "secret": secret,
        "version": stored["version"],
        "updated_at": stored["updated_at"],
    }


def not_set_up(platform: Platform) -> Unprocessable:
    """The refusal of a platform that the tenant has not set up."""
    return Unprocessable(
        "integration.not_set_up",
        f"The platform '{platform}' is not set up. PUT /integrations/{platform} does that.",
    )


def _shown(name: str, value: str) -> str | list[str] | int:
    match name:
        case "countries":
            return value.split(",")
        case "speed":
            return int(value)
        case _:
            return value
