"""The column mapping as it is sent and asked for."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from marquee.schemas import Received

Heading = Annotated[str, Field(min_length=1, max_length=100)]
Headings = Annotated[list[Heading], Field(max_length=50)]


class MappedColumns(Received):
    """Headings by the field they mean, the preferred one first.

    `price` is that of one ticket and `discount` an amount that is taken off a row; they count where no column has the
    revenue.
    """

    date: Headings = Field(default_factory=list)
    tickets: Headings = Field(default_factory=list)
    revenue: Headings = Field(default_factory=list)
    category: Headings = Field(default_factory=list)
    currency: Headings = Field(default_factory=list)
    price: Headings = Field(default_factory=list)
    discount: Headings = Field(default_factory=list)


class NewColumnMapping(Received):
    """What a tenant's reports call their columns, for headings that are not understood by themselves.

    Letter case, punctuation, and what a heading has in parentheses beyond the mapped words make no difference. Headings
    under `ignore` are never taken for a field; they stay part of what tells one row from another.
    """

    columns: MappedColumns = Field(default_factory=MappedColumns)
    ignore: Headings = Field(default_factory=list)


class ColumnMappingDocument(TypedDict):
    """A tenant's column mapping. `version` is 0 and `updated_at` None until one is set."""

    columns: dict[str, list[str]]
    ignore: list[str]
    version: int
    updated_at: str | None
