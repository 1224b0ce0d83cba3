"""From what people have their products in to tables of Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from . import _assort
from .errors import InvalidInput

#: The column of ids that nobody names.
ID = "id"


class Columns(NamedTuple):
    """Which columns are what."""

    id: str | None
    title: str
    text: list[str]
    category: str | None
    attributes: list[str]
    image: str | None = None

    def wanted(self, have: Iterable[Any]) -> list[str]:
        """The columns that are read, of those that there are; each must be there once."""
        there = [name for name in have if isinstance(name, str)]
        also = [self.category, self.image, *self.text, *self.attributes]
        named = [self.id or ID, self.title, *also]
        wanted = [name for name in dict.fromkeys(named) if name in there]
        if twice := [name for name in wanted if there.count(name) > 1]:
            raise InvalidInput(f"there are several columns `{twice[0]}`")
        for name in (self.title, *also, self.id):
            if name is not None and name not in there:
                known = ", ".join(there) or "none"
                raise InvalidInput(f"there is no column `{name}`; there are {known}")
        return wanted

    def is_text(self, name: str) -> bool:
        """Whether a column must hold texts: ids, categories and attributes may be numbers."""
        return name in (self.title, self.image) or name in self.text


def columns(
    id: str | None,
    title: str,
    text: str | Iterable[str] | None,
    category: str | None,
    attributes: str | Iterable[str] | None,
    image: str | None = None,
) -> Columns:
    """The columns that a caller names."""
    for name in (id, title, category, image):
        if name is not None and not isinstance(name, str):
            raise InvalidInput(f"a column is named by a text, not by {name!r}")
    return Columns(id, title, names(text), category, names(attributes), image)


def names(given: str | Iterable[str] | None) -> list[str]:
    """Names or texts: none, one or several."""
    if given is None:
        return []
    listed = [given] if isinstance(given, str) else list(given)
    for name in listed:
        if not isinstance(name, str):
            raise InvalidInput(f"{name!r} is no text")
    return listed


def table(data: Any, named: Columns) -> Any:
    """A table of Arrow with the columns that are read: of a frame as it is, of titles or
    rows by copying them."""
    if isinstance(data, str):
        return _assort.Table([(named.title, [data])])
    if isinstance(data, Mapping):
        return _of_mapping(data, named)
    library, kind = _kind(data)
    if library == "pandas" and kind == "DataFrame":
        return _of_pandas(data, named)
    if library == "polars" and kind == "LazyFrame":
        raise InvalidInput("the frame is lazy; give `frame.collect()`")
    if library == "polars" and kind == "DataFrame":
        return _of_polars(data, named)
    if hasattr(data, "__arrow_c_stream__") and _has_columns(data):
        return data
    if hasattr(data, "toArrow"):
        return data.toArrow()
    return _of_rows(listed(data), named)


def rows(data: Any) -> list[Any] | None:
    """The rows of a frame; none of what is no frame."""
    for way in ("to_dicts", "to_pylist"):
        if _has_columns(data) and hasattr(data, way):
            return list(getattr(data, way)())
    if _kind(data) == ("pandas", "DataFrame"):
        records: list[Any] = data.to_dict("records")
        return records
    return None


def listed(data: Any) -> list[Any]:
    """The values of anything that is a list: an array, a series, a generator."""
    if isinstance(data, (str, bytes, Mapping)) or _has_columns(data):
        raise InvalidInput(f"texts are a list or a column, not {type(data).__name__}")
    if getattr(data, "ndim", 1) == 0:
        return [data.item()]
    for way in ("to_pylist", "to_list", "tolist"):
        if hasattr(data, way):
            return list(getattr(data, way)())
    try:
        return list(data)
    except TypeError:
        raise InvalidInput(
            f"a text, texts, rows or a table should be here, not {type(data).__name__}"
        ) from None


def is_missing(value: Any) -> bool:
    """Whether a value is none, whatever library says so."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def _kind(data: Any) -> tuple[str, str]:
    kind = type(data)
    return kind.__module__.split(".")[0], kind.__name__


def _has_columns(data: Any) -> bool:
    # A single column of a frame is a list of titles.
    return any(hasattr(data, name) for name in ("column_names", "columns", "schema"))


def _of_pandas(frame: Any, named: Columns) -> Any:
    wanted = named.wanted(frame.columns)
    columns = {name: frame[name] for name in wanted}
    try:
        import pyarrow
    except ImportError:
        return _of_columns(columns, named)
    try:
        arrays = [pyarrow.array(column, from_pandas=True) for column in columns.values()]
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
        # Values of several types, of which the row is to be told.
        return _of_columns(columns, named)
    # A column without any value has no type of its own.
    arrays = [
        pyarrow.nulls(len(one), pyarrow.string()) if one.null_count == len(one) else one
        for one in arrays
    ]
    return pyarrow.table(dict(zip(wanted, arrays, strict=True)))


def _of_polars(frame: Any, named: Columns) -> Any:
    import polars

    kept = frame.select(named.wanted(frame.columns))
    return kept.with_columns(polars.selectors.by_dtype(polars.Null).cast(polars.String))


def _of_mapping(data: Mapping[Any, Any], named: Columns) -> Any:
    wanted = named.wanted(data)
    if all(isinstance(data[name], (str, int, float)) or is_missing(data[name]) for name in wanted):
        return _of_rows([data], named)
    return _of_columns({name: data[name] for name in wanted}, named)


def _of_rows(rows: list[Any], named: Columns) -> Any:
    if not any(isinstance(row, Mapping) for row in rows):
        return _of_columns({named.title: rows}, named)
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InvalidInput(f"row {at + 1} is {type(row).__name__}, others have columns")
    wanted = named.wanted({name: None for row in rows for name in row})
    return _of_columns({name: [row.get(name) for row in rows] for name in wanted}, named)


def _of_columns(columns: Mapping[str, Any], named: Columns) -> Any:
    values = {name: listed(column) for name, column in columns.items()}
    lengths = {name: len(column) for name, column in values.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"`{name}` has {length}" for name, length in lengths.items())
        raise InvalidInput(f"columns are of different lengths: {told}")
    texts = [
        (name, [_cell(value, name, at, named) for at, value in enumerate(column)])
        for name, column in values.items()
    ]
    return _assort.Table(texts)


def _cell(value: Any, name: str, at: int, named: Columns) -> str | None:
    if is_missing(value):
        return None
    if isinstance(value, str):
        # Arrays of numpy hold texts of their own type; some texts are no Unicode.
        return str(value).encode(errors="replace").decode()
    if not named.is_text(name):
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if isinstance(value, (int, float)) or hasattr(value, "isoformat"):
            return str(value)
    raise InvalidInput(
        f"row {at + 1} of the column `{name}` holds {type(value).__name__}, where text should be"
    )
