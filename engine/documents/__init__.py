"""Documents: TinyDB's calls at the speed of SQLite's indexes.

    documents = Database("book.db")
    documents.table("contact").insert({"name": "Sari"})
    documents.table("contact").search(where("name") == "Sari")

The calls and answers are those of TinyDB (https://tinydb.readthedocs.io), with these differences: a query
with `<`, `<=`, `>` or `>=` may leave out documents whose value is of another type, where TinyDB raises
TypeError; what comes back has been through JSON, as with TinyDB's file; a Table has `page`, `cursor`,
`find` and `explain` besides.
"""

from tinydb import Query, where
from tinydb.table import Document

from . import fulltext
from .database import Database
from .finding import Found
from .scans import scans
from .storage import ReadOnly, UnknownTable
from .table import Table
from .tables import Collection, create_tables

__all__ = [
    "Collection",
    "Database",
    "Document",
    "Found",
    "Query",
    "ReadOnly",
    "Table",
    "UnknownTable",
    "create_tables",
    "fulltext",
    "scans",
    "where",
]
