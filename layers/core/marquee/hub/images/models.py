"""Images: what is asked for, and what is sent."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from marquee import forms
from marquee.schemas import Received

ENDINGS = (".png", ".jpg", ".jpeg")


def _usable(value: str) -> str:
    name = forms.file_name(value)
    if name is None or name != value.strip() or not name.lower().endswith(ENDINGS):
        raise ValueError(f"it is no file name that ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    return name


class NewImage(Received):
    """An image that is going to be sent to the store."""

    file_name: Annotated[str, AfterValidator(_usable)] = Field(
        description=f"At most {forms.MAX_NAME} characters, without folders; ends in {', '.join(ENDINGS)}"
    )
    content_type: Literal["image/png", "image/jpeg"] | None = Field(
        default=None, description="By default what the file's name says"
    )


class ImageForm(TypedDict):
    """Where to send the file: a form with these `fields` as they are, and the file in `file` as the last field."""

    url: str
    fields: dict[str, str]
    expires_at: str
    max_bytes: int


class PreparedImage(TypedDict):
    """`image` is what stands for the image in an event or a session, once its file is sent."""

    image: str
    upload: ImageForm
