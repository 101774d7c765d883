"""Steps of the machines that set campaigns up, toggle, reset, restore and purge them."""

from typing import Any

from marquee.campaigns import failures, launching, purging, resetting, switching, toggling, withdrawing
from marquee.observability import logger


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run one step: `{"task", "launch", "toggle", "reset" or "place", ...}` in, its outcome out."""
    outcome = _run(event)
    about = next((event[name] for name in ("launch", "toggle", "reset", "place") if name in event), None) or {}
    keys: dict[str, Any] = {n: about[n] for n in ("tenant", "eid", "launch_id", "sequence", "sk") if n in about}
    logger().info("step", extra={"task": event["task"], "outcome": outcome["outcome"], **keys})
    return outcome


def _run(event: dict[str, Any]) -> dict[str, Any]:
    match event["task"]:
        case "create":
            return switching.settle(event["place"], creating=True)
        case "verify":
            return switching.verify(event["place"])
        case "settle":
            return switching.settle(event["place"])
        case "prepare" | "activate" | "finish" | "withdraw" | "conclude":
            return _launch(event)
        case "declare_toggle" | "finish_toggle" | "give_up_toggle":
            return _toggle(event)
        case _:
            return _reset(event)


def _launch(event: dict[str, Any]) -> dict[str, Any]:
    match event["task"]:
        case "prepare":
            return launching.prepare(event["launch"])
        case "activate":
            return launching.activate(event["launch"])
        case "finish":
            return launching.finish(event["launch"])
        case "withdraw":
            return withdrawing.withdraw(event["launch"], failures.told(event["failures"]))
        case _:
            return withdrawing.conclude(event["launch"])


def _toggle(event: dict[str, Any]) -> dict[str, Any]:
    match event["task"]:
        case "declare_toggle":
            return toggling.declare(event["toggle"])
        case "finish_toggle":
            return toggling.finish(event["toggle"])
        case _:
            return toggling.give_up(event["toggle"], failures.told(event["failures"]))


def _reset(event: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 - one per task
    match event["task"]:
        case "declare_reset":
            return resetting.declare(event["reset"])
        case "finish_reset":
            return resetting.finish(event["reset"])
        case "tell_reset":
            return resetting.tell(failures.told(event["failures"]))
        case "bring_back":
            return resetting.bring_back(event["reset"])
        case "pause_restored":
            return resetting.pause_restored(event["reset"], failures.told(event["failures"]))
        case "finish_restore":
            return resetting.finish_restore(event["reset"])
        case "find_resets":
            return purging.find(event["after"])
        case "purge_reset":
            return purging.purge(event["reset"])
        case unknown:
            raise ValueError(f"no such task: {unknown}")
