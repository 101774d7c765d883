"""Registering a tenant's clusters: as a whole, one by one, or from a workbook. Each change is one write of the set."""

from collections.abc import Callable, Sequence

from marquee import clock
from marquee.audience import repository, rules, service, workbook
from marquee.audience.documents import ClusterDocument, ClusterSetDocument, RefusedCell, TakenWorkbook
from marquee.audience.models import Cluster, ClusterSet, EditedCluster, NewClusterSet, WorkbookQuery
from marquee.errors import Conflict, Malformed, NotFound, Unprocessable, Violation
from marquee.forms import UploadedFile
from marquee.preconditions import Precondition
from marquee.sales import workbook_service as workbooks

MAX_ROWS = 2_000
"""Rows of a sheet, far more than there may be clusters."""
_ATTEMPTS = 20
_TOLD = 200
_RUN_DAYS = 90
"""How long clusters that no launch was planned with stay readable under their id."""


def read(tenant: str) -> ClusterSetDocument:
    """The tenant's clusters."""
    return rules.shown_set(service.cluster_set(tenant))


def replace(tenant: str, asked: NewClusterSet, precondition: Precondition) -> ClusterSetDocument:
    """Make these all the tenant's clusters. Raises Unprocessable naming what is wrong, Stale, and Conflict."""
    found: list[Cluster] = []
    violations: list[Violation] = []
    for number, one in enumerate(asked.clusters):
        cluster = rules.cluster_of(one.tc, one, f"clusters.{number}.")
        if isinstance(cluster, list):
            violations += cluster
        else:
            found.append(cluster)
    if violations:
        raise _invalid(violations)
    return rules.shown_set(_changed(tenant, lambda _: found, precondition))


def put(tenant: str, tc: str, asked: EditedCluster, precondition: Precondition) -> tuple[ClusterDocument, int]:
    """Add or change one cluster; with the version of all. Raises Malformed, Unprocessable, Stale, and Conflict."""
    if not rules.is_an_id(tc):
        raise Malformed("cluster.malformed_id", "A cluster's id is 1 to 40 of the characters A-Z a-z 0-9 _ -.")
    cluster = rules.cluster_of(tc, asked)
    if isinstance(cluster, list):
        raise _invalid(cluster)
    after = _changed(tenant, lambda before: rules.merged(before, {tc: cluster}), precondition)
    return rules.shown(cluster), after["version"]


def remove(tenant: str, tc: str, precondition: Precondition) -> None:
    """Remove one cluster. Raises NotFound, Stale, and Conflict."""

    def without(before: Sequence[Cluster]) -> list[Cluster]:
        rest = [one for one in before if one["tc"] != tc]
        if len(rest) == len(before):
            raise NotFound("cluster.not_found", f"There is no cluster '{tc[:60]}'.")
        return rest

    _changed(tenant, without, precondition)


def take_workbook(tenant: str, upload: UploadedFile, query: WorkbookQuery, precondition: Precondition) -> TakenWorkbook:
    """Add and change the clusters of a workbook; those that it does not name stay.

    Raises Unprocessable for a file that is no such workbook, and where nothing of it is taken: rows are refused and the
    mode is strict, or all are. Raises Stale, and Conflict.
    """
    reading = workbook.read(workbooks.tables(upload.content, MAX_ROWS), query.currency)
    if reading.refused and (query.mode == "strict" or not reading.clusters):
        raise _rows_refused(reading.refused)
    before: list[Cluster] = []

    def merged(known: Sequence[Cluster]) -> list[Cluster]:
        before[:] = known
        return rules.merged(known, reading.clusters)

    after = _changed(tenant, merged, precondition)
    known = {one["tc"]: one for one in before}
    same = sum(known.get(tc) == one for tc, one in reading.clusters.items())
    added = len(reading.clusters.keys() - known.keys())
    return {
        "tc_run_id": after["tc_run_id"],
        "version": after["version"],
        "rows": reading.rows,
        "added": added,
        "changed": len(reading.clusters) - added - same,
        "unchanged": same,
        "refused": reading.refused,
    }


def export(tenant: str) -> tuple[str, bytes]:
    """The clusters as a workbook that can be edited and sent back, and its name."""
    clusters = service.cluster_set(tenant)["clusters"]
    content = workbooks.written(workbook.SHEET, workbook.COLUMNS, workbook.rows(clusters))
    return f"clusters-{clock.now().date().isoformat()}.xlsx", content


def _changed(
    tenant: str, change: Callable[[Sequence[Cluster]], list[Cluster]], precondition: Precondition
) -> ClusterSet:
    """The set after `change`; what is so already is left alone, whatever `precondition` says."""
    for _ in range(_ATTEMPTS):
        before = service.cluster_set(tenant)
        clusters = rules.arranged(change(before["clusters"]))
        if clusters == before["clusters"]:
            return before
        precondition.require(before["version"])
        after: ClusterSet = {
            "tc_run_id": rules.run_id(tenant, clusters),
            "version": before["version"] + 1,
            "updated_at": clock.timestamp(),
            "clusters": clusters,
        }
        doc = rules.document_of(clusters)
        expires_at = clock.epoch() + _RUN_DAYS * 86_400
        if repository.put(tenant, after["version"], after["tc_run_id"], doc, after["updated_at"] or "", expires_at):
            return after
    raise Conflict("clusters.contended", "The clusters are being changed by others. Try again.")


def _invalid(violations: list[Violation]) -> Unprocessable:
    names = ", ".join(one.field for one in violations)
    return Unprocessable("clusters.invalid", f"Amounts are not in their currency: {names}.", violations=violations)


def _rows_refused(refused: Sequence[RefusedCell]) -> Unprocessable:
    rows = len({(one["sheet"], one["row"]) for one in refused})
    return Unprocessable(
        "clusters.rows_refused",
        f"{rows} row{' is' if rows == 1 else 's are'} not right, so nothing of the file was taken. Mend what is named, "
        "or send it with mode=partial.",
        violations=[Violation(one["code"], _place(one), _told(one)) for one in refused[:_TOLD]],
    )


def _place(one: RefusedCell) -> str:
    return f"{one['sheet']}!{one['column'] or ''}{one['row']}"


def _told(one: RefusedCell) -> str:
    column = f", column {one['column']} “{one['heading']}”" if one["column"] else ""
    return f"Row {one['row']}{column}: {one['message']}"
