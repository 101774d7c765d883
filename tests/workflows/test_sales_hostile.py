"""sales_ingest on the deployed stack: files that would bring a parser down, beside an honest one."""

from concurrent.futures import ThreadPoolExecutor

from tests.support import books, hostile
from tests.support.client import Client

HOSTILE = ("string_bomb.xlsx", "string_bomb.xls", "corners.xlsb", "repeated_text.ods", "spaces_in_cell.xlsx")
ROWS: list[list[object]] = [["Date", "Category", "Tickets", "Revenue"], ["2026-03-01", "Front", 2, 20.5]]


def test_hostile_files_dropped_at_once_hurt_nothing_beside_them(client: Client) -> None:
    # Given five hostile files and a good one, for one event
    eid = client.new_event()
    files = {name: hostile.made(name) for name in HOSTILE} | {"good.ods": books.ods(ROWS)}
    # When all are dropped at once
    with ThreadPoolExecutor(len(files)) as pool:
        list(pool.map(lambda name: client.drop(eid, name, files[name]), files))
    # Then each hostile one is refused for its own reason
    for name in HOSTILE:
        ingest = client.ingest(eid, name)
        assert (ingest["status"], ingest["reason"]["code"]) == ("REJECTED", hostile.CORPUS[name][1]), name
    # and the good one counts
    good = client.ingest(eid, "good.ods")
    assert (good["status"], good["accepted"]) == ("COMMITTED", 1)
    statistics = client.get(f"/main/events/{eid}/statistics").json
    assert (statistics["tickets_sold"], statistics["revenue"]) == (2, 20.5)
