"""Filing batches of Arrow: what Spark, Ray and others have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from ._deciding import Method, deciding
from ._tables import Columns
from .errors import InvalidInput
from .models import open_pack

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


class BatchFiling(NamedTuple):
    """What every batch is filed by. It is sent to workers."""

    url: str
    digest: str
    columns: Columns
    method: Method
    min_confidence: float
    target_precision: float | None
    prefix: str

    def check(self, columns: Iterable[str]) -> None:
        """Fails before any work where a column is missing, or would be there twice."""
        deciding(self.method, 1, self.min_confidence, self.target_precision)
        have = list(columns)
        self.columns.wanted(have)
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

        pack = open_pack(self.url, digest=self.digest)
        filed = pack.classify(
            batch,
            id=self.columns.id,
            title=self.columns.title,
            text=self.columns.text,
            attributes=self.columns.attributes,
            method=self.method,
            top=1,
            min_confidence=self.min_confidence,
            target_precision=self.target_precision,
            missing="null",
            progress=False,
        ).to_arrow()
        table = pyarrow.table(batch)
        for name, _ in ADDED[:-1]:
            table = table.append_column(self.prefix + name, filed[name])
        digest = pyarrow.repeat(pack.digest, table.num_rows)
        return table.append_column(self.prefix + ADDED[-1][0], digest)
