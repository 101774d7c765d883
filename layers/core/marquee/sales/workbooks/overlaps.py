"""Pure recognition of sheets that tell the same sales twice, such as a list of sales and its overview by day.

Both have a day, tickets and an amount in each row, so that nothing but their sums gives them away.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations

from marquee.sales.workbooks.parsed import Parsed

FEWEST_DAYS = 3
"""On fewer days the sums of two sheets may well be the same by chance."""
_ByDay = dict[tuple[str, str], tuple[int, int]]


def repeated(parsed: Parsed) -> tuple[int, list[int]] | None:
    """A sheet whose tickets and amounts are, on every day, those of another or of all others; and the others.

    None where there is no such sheet.
    """
    sheets = _by_day(parsed)
    for (one, its), (other, others) in combinations(sheets.items(), 2):
        if its == others and _tells(its):
            return other, [one]
    if len(sheets) > 2:  # noqa: PLR2004 - two were compared above
        every: defaultdict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
        for its in sheets.values():
            for key, (tickets, minor) in its.items():
                every[key] = every[key][0] + tickets, every[key][1] + minor
        twice = {key: sums for key, sums in every.items() if sums != (0, 0)}
        for one, its in sheets.items():
            doubled = {key: (2 * tickets, 2 * minor) for key, (tickets, minor) in its.items()}
            if doubled == twice and _tells(its):
                return one, [other for other in sheets if other != one]
    return None


def _tells(its: Mapping[tuple[str, str], tuple[int, int]]) -> bool:
    return len({day for day, _ in its}) >= FEWEST_DAYS


def _by_day(parsed: Parsed) -> dict[int, _ByDay]:
    """Tickets and minor units by day and currency, sheet by sheet; days that come to nothing are left out."""
    if len({run.sheet for run in parsed.runs}) < 2:  # noqa: PLR2004 - nothing to compare
        return {}
    rows: defaultdict[int, Counter[int]] = defaultdict(Counter)
    begun = 0
    for run in parsed.runs:
        length = run.last - run.first + 1
        rows[run.sheet].update(parsed.order[begun : begun + length])
        begun += length
    return {sheet: _summed(parsed, contents) for sheet, contents in rows.items()}


def _summed(parsed: Parsed, contents: Mapping[int, int]) -> _ByDay:
    sums: defaultdict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for content, count in contents.items():
        sale = parsed.sales[content]
        day, _, currency = parsed.group_keys[parsed.groups[sale]]
        before = sums[day, currency]
        sums[day, currency] = before[0] + count * parsed.tickets[sale], before[1] + count * parsed.minor[sale]
    return {key: found for key, found in sums.items() if found != (0, 0)}
