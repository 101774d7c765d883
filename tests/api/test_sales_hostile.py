"""Hostile files, and reports of every format, through the steps of sales_ingest."""

import pytest

from marquee.sales import service
from tests.support import books, hostile
from tests.support.api import sample
from tests.support.ingest import ALL, REPORT, ROWS, TENANT, Ingests, counts, figures
from tests.support.workbooks import HEADER, workbook


def test_every_hostile_file_ends_rejected_is_kept_and_changes_nothing(ingests: Ingests) -> None:
    # Given an event with sales
    ingests.drop(REPORT)
    for name, (_, code) in hostile.CORPUS.items():
        content = hostile.made(name)
        # When a hostile file is dropped for it
        key = ingests.put(content, name)
        outcome = ingests.take(key)
        # Then its ingest says why it was refused, in a sentence
        assert (outcome["outcome"], outcome["code"]) == ("REJECTED", code), name
        document = service.read_ingest(TENANT, outcome["ingest_id"])
        assert document["status"] == "REJECTED"
        assert document["reason"] == {"code": code, "message": outcome["message"]}, name
        assert outcome["message"][0].isupper()
        assert outcome["message"].endswith(".")
        assert counts(dict(document)) == (0, 0, 0, 0)
        # the file is where it was, and says so too
        assert ingests.s3.head_object(Bucket=ingests.bucket, Key=key)["ContentLength"] == len(content)
        tags = ingests.s3.get_object_tagging(Bucket=ingests.bucket, Key=key)["TagSet"]
        assert {"Key": "marquee-reason", "Value": code} in tags, name
    # and the figures are as they were
    assert figures() == ALL


def test_a_file_that_brings_the_parser_down_is_refused_before_the_step_that_parses(ingests: Ingests) -> None:
    # Given a small file that makes the parser ask for gigabytes
    key = ingests.put(hostile.made("string_bomb.xlsx"))
    registered = ingests.step("register", bucket=ingests.bucket, key=key)
    # Then the look says so, whose process lives on
    outcome = ingests.step("inspect", ingest=registered["ingest"])
    assert (outcome["outcome"], outcome["code"]) == ("REJECTED", "file.too_demanding")
    assert ingests.drop(REPORT, "good.xlsx")["outcome"] == "COMMITTED"


@pytest.mark.parametrize("first", ["xlsx", "xls", "xlsb", "ods"])
def test_a_report_dropped_again_in_another_format_is_all_duplicates(ingests: Ingests, first: str) -> None:
    rows: list[list[object]] = [list(HEADER), *ROWS]
    made = {"xlsx": workbook(rows), "xls": books.xls(rows), "xlsb": books.xlsb(rows), "ods": books.ods(rows)}
    # Given a report in one format, under a name that says another
    assert counts(ingests.drop(made.pop(first), "report.txt")) == (4, 4, 0, 0)
    # When it comes again in the others
    for kind, content in made.items():
        assert counts(ingests.drop(content, f"report.{kind}")) == (4, 0, 0, 4), kind
    # Then nothing is counted twice
    assert figures() == ALL


def test_the_samples_of_the_steps_know_no_format(ingests: Ingests) -> None:
    # Given an .ods under the name of the sample of a drop
    key = str(sample("sales_ingest_tasks", "drop")["detail"]["object"]["key"])
    ingests.s3.put_object(Bucket=ingests.bucket, Key=key, Body=books.ods([list(HEADER), *ROWS]))
    assert counts(ingests.take(key)) == (4, 4, 0, 0)
