"""What an edited export would change, with nothing written: the dry run of sending it back."""

import tempfile

from marquee import money
from marquee.errors import Unprocessable
from marquee.forms import UploadedFile
from marquee.plans import PlannedChange
from marquee.sales import repository
from marquee.sales.edits import edit_export, edits
from marquee.sales.edits.edit_models import EditPlan, EditProblem
from marquee.sales.edits.edits import Change, Figures
from marquee.sales.workbooks import inspection, trial
from marquee.sales.workbooks.looks import NotAWorkbook
from marquee.sales.workbooks.sheets import opened

_SHOWN = 200


def preview(tenant: str, upload: UploadedFile, workflow: str) -> EditPlan:
    """Read an edited export and compare it with what there is now. Raises Unprocessable for a file that is none."""
    try:
        found = _read(tenant, upload)
    except NotAWorkbook as error:
        raise Unprocessable(error.code, error.message) from error
    changes: list[PlannedChange] = []
    problems = [
        EditProblem(
            sheet=found.sheets[one.sheet].name, row=one.row, code=reason.refusal.code, message=reason.refusal.message
        )
        for one in found.refused
        for reason in one.reasons[:1]
    ]
    accepted = 0
    for eid, some in found.changes.items():
        head = repository.head(tenant, eid)
        now = edits.current(edit_export.groups_of(tenant, eid, head))
        for change in some:
            fate = edits.judge(change, now.get(change.place, ("", None))[1])
            if fate.refusal is not None:
                code, message = fate.refusal
                name = found.sheets[change.sheet].name
                problems.append(EditProblem(sheet=name, row=change.row, code=code, message=message))
            elif fate.difference:
                accepted += 1
                if len(changes) < _SHOWN:
                    changes.append(_planned(eid, change))
    return EditPlan(
        workflow=workflow,
        changes=changes,
        rows=found.rows,
        accepted=accepted,
        rejected=len(problems),
        duplicate=found.rows - accepted - len(problems),
        problems=problems[:_SHOWN],
    )


def _read(tenant: str, upload: UploadedFile) -> edits.EditedFile:
    with tempfile.NamedTemporaryFile() as file:
        file.write(upload.content)
        file.flush()
        looked = inspection.inspect(file, len(upload.content))
        if not looked.certain:
            trial.attempt(file.name, looked)
        with opened(file.name) as sheets:
            return edits.read(sheets, tenant, from_1904=looked.from_1904)


def _planned(eid: str, change: Change) -> PlannedChange:
    before, after = (_shown(figures, change.place[2]) for figures in (change.exported, change.wanted))
    return PlannedChange(host="Main", id=eid, field=" / ".join(change.place), before=before, after=after)


def _shown(figures: Figures, currency: str) -> dict[str, float | int]:
    tickets, minor = figures
    return {"tickets": tickets, "revenue": money.to_number(minor, currency)}
