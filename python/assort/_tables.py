"""From what people have their products in to tables of Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from . import _assort
from .errors import InvalidInput


class Columns(NamedTuple):
    """Which columns are what."""

    id: str | None
    title: str
    text: list[str]
    category: str | None
    attributes: list[str]


def names(given: str | Iterable[str] | None) -> list[str]:
    """Names of columns: none, one or several."""
    if given is None:
        return []
    return [given] if isinstance(given, str) else list(given)


def table(data: Any, title: str) -> Any:
    """A table of Arrow: of a frame as it is, of titles or rows by copying them."""
    if isinstance(data, str):
        return _assort.Table([(title, [data])])
    if isinstance(data, Mapping):
        return _of_columns(data)
    if _is_pandas(data):
        return _of_pandas(data)
    if hasattr(data, "__arrow_c_stream__") and _has_columns(data):
        return data
    if hasattr(data, "toArrow"):
        return data.toArrow()
    return _of_rows(_listed(data), title)


def _has_columns(data: Any) -> bool:
    # A single column of a frame is a list of titles.
    return any(hasattr(data, name) for name in ("column_names", "columns", "schema"))


def _is_pandas(data: Any) -> bool:
    kind = type(data)
    return kind.__module__.split(".")[0] == "pandas" and kind.__name__ == "DataFrame"


def _of_pandas(frame: Any) -> Any:
    # Its index is no column, but `__arrow_c_stream__` would make it one.
    try:
        import pyarrow
    except ImportError:
        return _of_columns({name: frame[name] for name in frame.columns})
    try:
        return pyarrow.Table.from_pandas(frame, preserve_index=False)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError) as error:
        raise InvalidInput(str(error)) from None


def _listed(data: Any) -> list[Any]:
    for way in ("to_pylist", "to_list", "tolist"):
        if hasattr(data, way):
            return list(getattr(data, way)())
    try:
        return list(data)
    except TypeError:
        raise InvalidInput(
            f"products are a title, titles, rows or a table, not {type(data).__name__}"
        ) from None


def _of_rows(rows: list[Any], title: str) -> Any:
    if any(isinstance(row, Mapping) for row in rows):
        columns: dict[str, list[Any]] = {}
        for at, row in enumerate(rows):
            if not isinstance(row, Mapping):
                raise InvalidInput(f"row {at + 1} is {type(row).__name__}, others have columns")
            for name, value in row.items():
                columns.setdefault(name, [None] * at).append(value)
            for values in columns.values():
                values.extend([None] * (at + 1 - len(values)))
        return _of_columns(columns)
    return _assort.Table([(title, [_title(row, at) for at, row in enumerate(rows)])])


def _title(value: Any, at: int) -> str | None:
    if value is None or isinstance(value, str):
        # Arrays of numpy hold texts of their own type.
        return None if value is None else str(value)
    raise InvalidInput(f"row {at + 1} is {type(value).__name__}, where a title should be")


def _of_columns(columns: Mapping[str, Any]) -> Any:
    listed = {str(name): _listed(values) for name, values in columns.items()}
    lengths = {len(values) for values in listed.values()}
    if len(lengths) > 1:
        raise InvalidInput("columns are of different lengths")
    texts = [(name, [_cell(value) for value in values]) for name, values in listed.items()]
    return _assort.Table(texts)


def _cell(value: Any) -> str | None:
    # Missing values of pandas are no values of any type.
    if value is None or value != value:
        return None
    return value if isinstance(value, str) else str(value)
