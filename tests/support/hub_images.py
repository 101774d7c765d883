"""Pictures of every kind, and a host of pictures that misbehaves as asked."""

import io
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ssl import SSLContext
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from marquee import ddb
from marquee.hub.images.refusals import Refused
from marquee.settings import settings
from tests.support.api import TENANT, call, sample, varied
from tests.support.registry_host import RegistryHost, Reply

HOST = "pictures.example"


def picture(width: int = 301, height: int = 301, kind: str = "PNG", mode: str = "RGB", **options: Any) -> bytes:
    """A picture of one colour."""
    file = io.BytesIO()
    Image.new(mode, (width, height)).save(file, kind, **options)
    return file.getvalue()


def animation(kind: str = "PNG") -> bytes:
    """A picture that moves."""
    frames = [Image.new("L", (301, 301), shade) for shade in (0, 128, 255)]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def announcing(width: int, height: int) -> bytes:
    """A PNG whose header announces a size that its content does not have."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    """The code of a refusal."""
    return refused.value.code


class Pictures:
    """A host with pages by path; `asked` are the paths that were asked for, in order."""

    def __init__(self, host: RegistryHost) -> None:
        self._host = host
        self.port = int(host.url.split(":")[2].partition("/")[0])
        self.url = f"http://127.0.0.1:{self.port}"

    def shows(self, pages: Mapping[str, Reply]) -> None:
        """Answer with these from now on, with 404 to all else."""
        self._host.plan(lambda _number, asked: pages.get(asked.path, Reply(404)), takes=False)

    @property
    def asked(self) -> list[str]:
        """Paths."""
        return [one.path for one in self._host.asked]

    @property
    def headers(self) -> dict[str, str]:
        """Those of the last request."""
        return self._host.asked[-1].headers


def png(body: bytes | None = None, **how: Any) -> Reply:
    """A page that is a picture."""
    return Reply(200, body or picture(), media_type="image/png", **how)


def redirect(location: str, status: int = 302) -> Reply:
    """A page that is elsewhere."""
    return Reply(status, headers={"Location": location})


@contextmanager
def pictures_served(tls: SSLContext | None = None) -> Iterator[Pictures]:
    """A host of pictures on 127.0.0.1."""
    host = RegistryHost(tls=tls)
    try:
        yield Pictures(host)
    finally:
        host.close()


def sent_image(app: ModuleType, content: bytes, *, tenant: str = TENANT, name: str = "banner.png") -> str:
    """What stands for an image whose form was asked for, and whose file was put where the form puts it."""
    event = varied(
        sample("hub_events", "prepare_image"),
        body={"file_name": name},
        tenants=[tenant],
        headers={"Idempotency-Key": ""},
    )
    answer = call(app, event)
    assert answer.status == 201, answer.raw
    key = answer.json["result"]["upload"]["fields"]["key"]
    ddb.aws_client("s3").put_object(Bucket=settings().bucket, Key=key, Body=content)
    return str(answer.json["result"]["image"])
