"""The export of all editable rows: one for each event, day, category and currency, with a hidden version of each."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date

from marquee import clock, money
from marquee.errors import NotFound, Unprocessable
from marquee.events import service as events
from marquee.ids import new_id
from marquee.sales import repository, rules, storage
from marquee.sales.edits import edit_models, edit_version
from marquee.sales.edits.edit_models import EditExportQuery, ExportedWorkbook
from marquee.sales.models import XLSX, Figures, Head
from marquee.sales.workbooks import cells
from marquee.sales.workbooks.sheet_writer import AMOUNTS, Column, SheetWriter, Style

MAX_ROWS = 200_000
"""Rows of one export: what is answered well within the 28 seconds that a request may take."""
MAX_EVENTS = 1_000
"""Events of one export; each takes a query of its own."""
# Base64 makes this just under Lambda's 6 MB for an answer.
_INLINE_BYTES = 4 * 1024 * 1024
_EPOCH = date(1899, 12, 30).toordinal()
COLUMNS = (
    Column(edit_models.EVENT_ID, 28),
    Column(edit_models.EVENT, 32),
    Column(edit_models.DATE, 12),
    Column(edit_models.CATEGORY, 22),
    Column(edit_models.CURRENCY, 10),
    Column(edit_models.VERSION, 46, hidden=True),
    Column(edit_models.TICKETS, 10),
    Column(edit_models.REVENUE, 14),
)
_LABEL = f'<c s="{Style.TEXT:d}" t="s"><v>%d</v></c>'
_ROW = (
    f'{_LABEL}{_LABEL}<c s="{Style.DATE:d}"><v>%d</v></c>{_LABEL}{_LABEL}'
    f'<c s="{Style.FAINT:d}" t="inlineStr"><is><t>%s</t></is></c>'
    f'<c s="{Style.COUNT:d}"><v>%d</v></c><c s="%d"><v>%r</v></c>'
)
Groups = Mapping[tuple[str, str, str], tuple[int, int]]
"""Tickets and minor units by day, category and currency."""


def export(tenant: str, query: EditExportQuery) -> ExportedWorkbook:
    """The tenant's rows as a workbook. Raises NotFound for an event that is not there, Unprocessable for too many rows.

    Each event's rows are as of one moment; different events may be read at different moments.
    """
    wanted = _events(tenant, query)
    with tempfile.TemporaryFile() as file:
        with SheetWriter(file, edit_models.SHEET, COLUMNS) as writer:
            rows = writer.write(_rows(tenant, wanted, query, writer))
        name = f"sales-{clock.now().date().isoformat()}.xlsx"
        if file.tell() <= _INLINE_BYTES:
            file.seek(0)
            return ExportedWorkbook(name, rows, content=file.read())
        key = f"exports/{tenant}/{new_id('exp')}.xlsx"
        file.seek(0)
        storage.put(key, file, XLSX)
    return ExportedWorkbook(name, rows, url=storage.download_url(key, name, XLSX))


def _events(tenant: str, query: EditExportQuery) -> list[tuple[str, str, Head]]:
    """Title, id and head of each event that may have such rows, by title."""
    asked = list(dict.fromkeys(query.event_id))
    titles = events.titles(tenant, asked) if asked else {}
    for eid in asked:
        if eid not in titles:
            raise NotFound("event.not_found", f"There is no event '{eid}'.")
    heads = repository.heads(tenant, asked or repository.events_with_sales(tenant))
    matching = {eid: head for eid, head in heads.items() if _may_match(head["kpi"], query)}
    if len(matching) > MAX_EVENTS:
        raise _too_large(f"{len(matching)} events", f"{MAX_EVENTS} events")
    titles = titles or events.titles(tenant, matching)
    return sorted((cells.text(titles.get(eid, "")), eid, head) for eid, head in matching.items())


def _may_match(kpi: Mapping[str, Figures], query: EditExportQuery) -> bool:
    """Whether an event with these figures sold in the currency and the span of days that are asked for."""
    first, last = rules.span(query.start_date, query.end_date)
    return any(
        query.currency in (None, currency) and of["first_sale"] <= last and of["last_sale"] >= first
        for currency, of in kpi.items()
    )


def _rows(
    tenant: str, wanted: list[tuple[str, str, Head]], query: EditExportQuery, writer: SheetWriter
) -> Iterator[str]:
    label, styles, factors = writer.label, _Styles(), _Factors()
    written = edit_version.written
    number = 0
    for title, eid, head in wanted:
        groups = groups_of(tenant, eid, head, query)
        number += len(groups)
        if number > MAX_ROWS:
            raise _too_large(f"more than {MAX_ROWS:,} rows", f"{MAX_ROWS:,} rows")
        key = edit_version.keys_of(tenant, eid)
        plain = {category: edit_version.plain(category) for category in {place[1] for place in groups}}
        serials = {day: date.fromisoformat(day).toordinal() - _EPOCH for day in {place[0] for place in groups}}
        event, named = label(eid), label(title)
        for (day, category, currency), (tickets, minor) in sorted(groups.items()):
            yield _ROW % (
                event,
                named,
                serials[day],
                label(category),
                label(currency),
                written(key(day, plain[category], currency), tickets, minor),
                tickets,
                styles[currency],
                minor / factors[currency],
            )


def groups_of(tenant: str, eid: str, head: Head, query: EditExportQuery | None = None) -> Groups:
    """What readers of an event's head see, by day, category and currency."""
    since, until = (query.start_date, query.end_date) if query else (None, None)
    first, last = rules.span(since, until)
    currency = query.currency if query else None
    sums: defaultdict[tuple[str, str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for _, row in repository.day_rows(tenant, eid, head, since, until):
        if first <= row["day"] <= last and currency in (None, row["currency"]):
            place = row["day"], row["category"], row["currency"]
            tickets, minor = sums[place]
            sums[place] = tickets + row["tickets"], minor + row["revenue"]
    return sums


def _too_large(found: str, most: str) -> Unprocessable:
    return Unprocessable(
        "export.too_large",
        f"The export would have {found}; at most {most} fit. Ask for a part of it with event_id, currency, "
        "start_date and end_date.",
    )


class _Styles(dict[str, int]):
    """The format of amounts by currency."""

    def __missing__(self, currency: str) -> int:
        style = self[currency] = int(AMOUNTS[money.exponent(currency)])
        return style


class _Factors(dict[str, int]):
    """Minor units of one unit of a currency; dividing by it gives the double nearest to the amount."""

    def __missing__(self, currency: str) -> int:
        factor: int = 10 ** money.exponent(currency)
        self[currency] = factor
        return factor
