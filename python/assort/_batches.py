"""Filing batches of Arrow: what Spark, Ray and others have in common."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from ._deciding import Deciding, Method, deciding
from ._tables import Columns
from .errors import InvalidInput
from .models import address, open_pack
from .pack import Pack

if TYPE_CHECKING:
    import pyarrow

#: Columns that filing adds, with their types of Arrow and of Spark.
ADDED = [
    ("category_id", "string"),
    ("category", "string"),
    ("confidence", "float"),
    ("is_calibrated", "boolean"),
    ("pack", "string"),
]


class ByPack(NamedTuple):
    """By which pack tasks file which columns, and how. It is sent to workers."""

    url: str
    digest: str
    columns: Columns
    method: Method
    min_confidence: float
    target_precision: float | None

    def check(self, columns: list[str]) -> None:
        """Fails before any work where a column is missing or an option cannot be meant."""
        self.deciding()
        self.columns.wanted(columns)

    def deciding(self) -> Deciding:
        """What the engine is told: a row without a title has no decision."""
        return deciding(
            self.method, 1, self.min_confidence, self.target_precision, missing="null"
        )

    def open(self) -> Pack:
        """The pack, of which every worker has the same."""
        return open_pack(self.url, digest=self.digest)


def by_pack(
    model: str | os.PathLike[str],
    columns: Columns,
    method: Method,
    min_confidence: float,
    target_precision: float | None,
    *,
    digest: str | None = None,
) -> ByPack:
    """Looks at the pack once, so that workers accept no other."""
    url = address(model)
    digest = open_pack(url, digest=digest).digest
    return ByPack(url, digest, columns, method, min_confidence, target_precision)


class BatchFiling(NamedTuple):
    """How every batch is filed. It is sent to workers."""

    by: ByPack
    prefix: str

    def check(self, columns: Iterable[str]) -> None:
        """Fails before any work where a column is missing, or would be there twice."""
        have = list(columns)
        self.by.check(have)
        for name, _ in ADDED:
            if self.prefix + name in have:
                raise InvalidInput(
                    f"there is a column `{self.prefix}{name}` already; "
                    "choose other names with `prefix`"
                )

    def file(self, batch: Any) -> pyarrow.Table:
        """The rows of a table with what was decided on each; nothing on one without a
        title."""
        import pyarrow

        pack = self.by.open()
        filed = pack.classify(
            batch,
            id=self.by.columns.id,
            title=self.by.columns.title,
            text=self.by.columns.text,
            attributes=self.by.columns.attributes,
            method=self.by.method,
            top=1,
            min_confidence=self.by.min_confidence,
            target_precision=self.by.target_precision,
            missing="null",
            progress=False,
        ).to_arrow()
        table = pyarrow.table(batch)
        for name, _ in ADDED[:-1]:
            table = table.append_column(self.prefix + name, filed[name])
        digest = pyarrow.repeat(pack.digest, table.num_rows)
        return table.append_column(self.prefix + ADDED[-1][0], digest)
