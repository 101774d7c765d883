"""Graph API's errors as a platform's: what each code asks for, in sentences that give nothing away."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from marquee.campaigns.platforms.errors import Busy, Refused, Unreachable
from marquee.errors import Violation
from marquee.remote_http import Answer

# Graph API, Handling Errors and Rate Limiting: calls of an app, user, page, account, ad account; of a kind of business.
_LIMITS = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
_PASSING = frozenset({1, 2})  # unknown, or the service is not well
_TOKEN = frozenset({102, 190, 463, 467})
_NOT_ALLOWED = frozenset({3, 10, *range(200, 300)})
_INVALID, _ENDED = 100, frozenset({12, 2635})
_NO_SUCH_NODE = frozenset({33})  # subcode of 100: it does not exist, or is not this account's
_SECRETS = re.compile(r"\bEAA[A-Za-z0-9]{6,}|[A-Za-z0-9_-]{60,}")
_TOO_MANY_REQUESTS = 429


class TokenRefused(Refused):
    """The access token is not accepted."""


def error_of(answer: Answer, found: Mapping[str, Any], token: str) -> Refused | Busy | Unreachable | None:  # noqa: PLR0911
    """The error that an answer tells, None where it tells none. `token` is what must not be shown."""
    error = found.get("error")
    if not isinstance(error, Mapping):
        if answer.status < 400:  # noqa: PLR2004
            return None
        error = {}
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    said = _said(error, token)
    if code in _LIMITS or answer.status == _TOO_MANY_REQUESTS:
        return Busy("platform.busy", "Meta limits how often it is asked.", retry_after=_wait(answer))
    if code in _PASSING or error.get("is_transient") is True:
        return Unreachable("platform.unreachable", f"Meta could not tell what became of it (code {code}).")
    if code in _TOKEN:
        return TokenRefused(
            "platform.token_refused", "Meta does not accept the access token: it has ended or was revoked."
        )
    if code in _NOT_ALLOWED:
        return Refused("platform.not_allowed", f"Meta does not allow it (code {code}): {said}")
    if code in _ENDED:
        return Refused("platform.version", "Meta no longer serves this version of its API; MetaApiUrl names it.")
    if code == _INVALID and subcode in _NO_SUCH_NODE:
        return Refused("platform.not_found", "Meta does not have it, or not for this access token.")
    if code == _INVALID:
        fields = _blamed(error)
        named = f" of {', '.join(fields)}" if fields else ""
        return Refused(
            "platform.invalid",
            f"Meta does not take the value{named}: {said}",
            violations=[Violation("platform.invalid", field, said) for field in fields],
        )
    return Refused("platform.refused", f"Meta refuses it (status {answer.status}, code {code}): {said}")


def log_keys(found: Mapping[str, Any]) -> dict[str, Any]:
    """What of an error goes into the log: numbers, and Meta's trace for its support."""
    error = found.get("error")
    error = error if isinstance(error, Mapping) else {}
    trace = re.sub(r"[^\w.-]", "", _SECRETS.sub("", str(error.get("fbtrace_id", ""))))[:40]
    return {"code": _number(error.get("code")), "subcode": _number(error.get("error_subcode")), "trace": trace}


def _said(error: Mapping[str, Any], token: str) -> str:
    """Meta's sentence without control characters, at most 300 long; what looks like a secret is left out."""
    text = str(error.get("error_user_msg") or error.get("message") or "no reason given")
    text = " ".join(_SECRETS.sub("***", text.replace(token, "***") if token else text).split())
    return "".join(one for one in text if one.isprintable())[:300]


def _blamed(error: Mapping[str, Any]) -> list[str]:
    """The parameters that Meta names: as data, or in its sentence."""
    data = error.get("error_data")
    if isinstance(data, str):
        try:
            data = orjson.loads(data)
        except orjson.JSONDecodeError:
            data = None
    specs = data.get("blame_field_specs") if isinstance(data, Mapping) else None
    found = [".".join(map(str, one)) for one in specs if isinstance(one, list)] if isinstance(specs, list) else []
    if not found:
        found = re.findall(r"\b[Pp]aram(?:eter)?:? '?([a-z_]+(?:\[[a-z_]+\])*)", str(error.get("message", "")))
    return list(dict.fromkeys(re.sub(r"[^\w.\[\]]", "", _SECRETS.sub("", one))[:60] for one in found))


def _wait(answer: Answer) -> int:
    """Seconds until Meta can be asked again: as its headers say, at most an hour."""
    seconds = answer.headers.get("retry-after", "")
    if re.fullmatch(r"\d{1,9}", seconds):
        return max(min(int(seconds), 3600), 1)
    minutes = re.findall(
        r'"estimated_time_to_regain_access"\s*:\s*(\d{1,6})', answer.headers.get("x-business-use-case-usage", "")
    )
    return max(min(max(map(int, minutes), default=1) * 60, 3600), 60)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
