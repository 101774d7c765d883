"""What requests and responses are made of: pydantic models that cost nothing until they are used."""

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """A document that is sent. Its validator is built at the first use, not at import: a cold start pays for none."""

    model_config = ConfigDict(defer_build=True)


class Received(Document):
    """A query or body that is received: what is not in it is refused."""

    model_config = ConfigDict(extra="forbid")


class Exact(Received):
    """A body whose numbers are taken as they are written, none as a binary float on the way."""
