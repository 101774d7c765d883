"""The file of a multipart form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.filepost import encode_multipart_formdata

from marquee.errors import DomainError, Malformed, TooLarge, UnsupportedMedia
from marquee.forms import MAX_FILE_BYTES, UploadedFile, file_name, read_file
from marquee.requests import Request
from tests.support.forms import Part, file_form, form


def request(content_type: str, body: bytes, **headers: str) -> Request:
    return Request("POST", "/", {"content-type": content_type, **headers}, body, "request-1")


def refused(content_type: str, body: bytes, **headers: str) -> DomainError:
    with pytest.raises(DomainError) as caught:
        read_file(request(content_type, body, **headers))
    return caught.value


@given(st.binary(min_size=1, max_size=3000))
def test_any_content_comes_through_unchanged(content: bytes) -> None:
    assert read_file(request(*file_form(content))) == UploadedFile("report.xlsx", content)


def test_content_that_looks_like_a_form_is_content() -> None:
    # Given a file that is itself a form, its boundary one character shorter than the outer one
    content = form([("file", "inner.xlsx", b"--edge\r\n--edge--\r\n")], "edge")[1]
    # Then all of it is the file
    assert read_file(request(*form([("file", "a.xlsx", content)], "edge1"))).content == content


def test_forms_of_other_clients_are_read() -> None:
    body, content_type = encode_multipart_formdata({"file": ("Verkäufe März.xlsx", b"PK", "application/zip")})
    assert read_file(request(content_type, body)) == UploadedFile("Verkäufe März.xlsx", b"PK")
    # a quoted boundary, and names without quotes
    bare = b"--a b\r\nContent-Disposition: form-data; name=file; filename=a.xlsx\r\n\r\nPK\r\n--a b--"
    assert read_file(request('Multipart/Form-Data; charset=utf-8; boundary="a b"', bare)).content == b"PK"


def test_what_is_wrong_with_the_fields_is_named() -> None:
    wrong: list[tuple[list[Part], list[tuple[str, str]]]] = [
        ([("datei", "a.xlsx", b"PK")], [("form.unknown", "datei"), ("form.missing", "file")]),
        ([("file", "a.xlsx", b"PK"), ("file", "b.xlsx", b"PK")], [("form.repeated", "file")]),
        ([("file", "a.xlsx", b"PK"), ("note", None, b"x")], [("form.unknown", "note")]),
        ([("file", None, b"PK")], [("form.no_file_name", "file")]),
        ([("file", "", b"PK")], [("form.no_file_name", "file")]),
        ([("file", "..", b"PK")], [("form.no_file_name", "file")]),
        ([("file", "a.xlsx", b"")], [("form.empty_file", "file")]),
    ]
    for parts, expected in wrong:
        error = refused(*form(parts))
        assert isinstance(error, Malformed)
        assert error.code == "form.invalid"
        assert [(one.code, one.field) for one in error.violations] == expected


def test_another_media_type_is_named() -> None:
    for content_type in ("application/json", "", "multipart/mixed; boundary=x", "text/plain; boundary=x"):
        error = refused(content_type, b"PK")
        assert isinstance(error, UnsupportedMedia)
        assert "multipart/form-data" in error.detail


def test_a_broken_form_is_refused_with_what_broke_it() -> None:
    content_type, body = form([("file", "a.xlsx", b"PK" * 50)], "edge")
    broken = {
        "cut off": (content_type, body[:60]),
        "without its end": (content_type, body.removesuffix(b"--edge--\r\n")),
        "another boundary": ("multipart/form-data; boundary=other", body),
        "no boundary": ("multipart/form-data", body),
        "an absurd boundary": (f"multipart/form-data; boundary={'x' * 71}", body),
        "no form at all": (content_type, b"PK\x03\x04 not a form"),
        "a part without a name": (content_type, body.replace(b'name="file"; ', b"")),
        "too many parts": form([("file", "a.xlsx", b"PK")] * 9),
        "headers without end": (content_type, b"--edge\r\n" + b"A: b\r\n" * 500),
        "a header of 10 KB": (content_type, body.replace(b"a.xlsx", b"a" * 10_000)),
        "headers that are no text": (content_type, body.replace(b"a.xlsx", b"\xff\xfe")),
    }
    for name, (kind, content) in broken.items():
        error = refused(kind, content)
        assert isinstance(error, Malformed), name
        assert error.code == "form.broken", name
        assert error.detail.startswith("The form cannot be read: "), name
    assert refused(content_type, b"").code == "body.missing"


def test_a_large_file_is_told_where_to_go() -> None:
    # Given files of the limit, and one byte above it
    fits = b"x" * MAX_FILE_BYTES
    assert len(read_file(request(*file_form(fits))).content) == MAX_FILE_BYTES
    kind, body = file_form(fits + b"x")
    # Then what does not fit is refused by its content, its body, and by what is announced
    for error in (
        refused(kind, body),
        refused(kind, body * 2),
        refused(kind, b"", **{"content-length": "99000000"}),
    ):
        assert isinstance(error, TooLarge)
        assert "POST /ingest/uploads" in error.detail
    kind, body = file_form(b"PK")
    assert read_file(request(kind, body, **{"content-length": "nonsense"})).content == b"PK"


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        (r"C:\Users\me\Sales 2026.xlsx", "Sales 2026.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nb\0.xlsx", "ab.xlsx"),
        ("Verka\u0308ufe.xlsx", "Verkäufe.xlsx"),
        ("  ", None),
        ("folder/", None),
        ("..", None),
        ("x" * 201, None),
    ],
)
def test_a_file_name_is_one_line_without_folders(given_name: str, name: str | None) -> None:
    assert file_name(given_name) == name


def test_a_repeated_form_is_the_same_whatever_its_boundary() -> None:
    first, again = (read_file(request(*file_form(b"PK"))) for _ in range(2))
    assert first.canonical == again.canonical
    assert first.canonical != read_file(request(*file_form(b"PK", "other.xlsx"))).canonical
    assert first.canonical != read_file(request(*file_form(b"PL"))).canonical
