"""Main: the tenant's audience, as clusters of people that campaigns can address."""

from typing import Annotated

from marquee.audience import cluster_service
from marquee.audience.documents import ClusterDocument, ClusterSetDocument, TakenWorkbook
from marquee.audience.models import EditedCluster, NewClusterSet, WorkbookQuery
from marquee.auth import Caller
from marquee.forms import UploadedFile
from marquee.http import Api, Reply
from marquee.preconditions import Precondition, etag
from marquee.sales.models import XLSX

handler = Api("main")


@handler.get("/clusters", scope="main.read")
def read_clusters(caller: Caller) -> Reply[ClusterSetDocument]:
    """Read the tenant's clusters. `tc_run_id` names this very content; suggestions and campaigns refer to it."""
    found = cluster_service.read(caller.tenant)
    return Reply(found, headers={"ETag": etag(found["version"])})


@handler.put("/clusters", scope="campaigns.write")
def set_clusters(caller: Caller, body: NewClusterSet, precondition: Precondition) -> Reply[ClusterSetDocument]:
    """Set the clusters, all of them: those that are not in the body are removed."""
    found = cluster_service.replace(caller.tenant, body, precondition)
    return Reply(found, headers={"ETag": etag(found["version"])})


@handler.get("/clusters/export.xlsx", scope="main.read")
def export_clusters(caller: Caller) -> Reply[Annotated[bytes, XLSX]]:
    """Download the clusters as a workbook that can be edited and sent back."""
    name, content = cluster_service.export(caller.tenant)
    disposition = f'attachment; filename="{name}"'
    return Reply(content, headers={"Content-Disposition": disposition}, media_type=XLSX)


@handler.post("/clusters/from_excel", scope="campaigns.write", status=200, also=(207,))
def upload_clusters(
    caller: Caller, query: WorkbookQuery, upload: UploadedFile, precondition: Precondition
) -> Reply[TakenWorkbook]:
    """Add and change clusters by a workbook, sent as a form with the file in the field `file`; others stay.

    A row for each cluster, with the columns Cluster ID, Label, Size, Interests, Currency, and for each platform such as
    Meta: Meta CPM, Meta click rate, Meta purchase rate, Meta minimum spend; in English or German. Where a row cannot be
    taken, nothing is, and each reason names its row and column. With `mode=partial` the other rows are: 207.
    """
    taken = cluster_service.take_workbook(caller.tenant, upload, query, precondition)
    return Reply(taken, 207 if taken["refused"] else 200, headers={"ETag": etag(taken["version"])})


@handler.put("/clusters/<tc>", scope="campaigns.write")
def set_cluster(caller: Caller, tc: str, body: EditedCluster, precondition: Precondition) -> Reply[ClusterDocument]:
    """Add or change one cluster. `If-Match` takes the entity tag of all clusters."""
    cluster, version = cluster_service.put(caller.tenant, tc, body, precondition)
    return Reply(cluster, headers={"ETag": etag(version)})


@handler.delete("/clusters/<tc>", scope="campaigns.write")
def remove_cluster(caller: Caller, tc: str, precondition: Precondition) -> None:
    """Remove one cluster. Campaigns that run for it go on."""
    cluster_service.remove(caller.tenant, tc, precondition)
