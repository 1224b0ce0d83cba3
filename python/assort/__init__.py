"""Assort: files products into a category tree.

>>> import assort
>>> shop = assort.Catalog.create("shop", ["Kitchen > Kettles", "Garden > Hoses"])
>>> shop.classify("Electric kettle 1.7 l")[0].category.path
'Kitchen > Kettles'
"""

from . import errors, models
from ._assort import VERSION as __version__
from ._decisions import Alternative, Category, Decision, Decisions
from .catalog import Catalog
from .encoder import Encoder
from .errors import AssortError
from .pack import Pack

__all__ = [
    "Alternative",
    "AssortError",
    "Catalog",
    "Category",
    "Decision",
    "Decisions",
    "Encoder",
    "Pack",
    "__version__",
    "errors",
    "models",
]
