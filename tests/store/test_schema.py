"""The schema: one table for each item type, no identities in it."""

import sqlite3

import pytest
from sqlite_utils import Database

from crawler.items import ITEM_TYPES
from crawler.store.schema import IDENTITY, KEY, columns, migrations


@pytest.fixture
def db() -> Database:
    """A fresh database."""
    db = Database(sqlite3.connect(":memory:"))
    migrations.apply(db)
    return db


@pytest.mark.parametrize("kind", ITEM_TYPES)
def test_an_item_table_has_every_field_but_the_identity(db: Database, kind: str) -> None:
    table = db.table(kind)
    names = [column.name for column in table.columns]
    assert names == list(columns(ITEM_TYPES[kind]))
    assert not set(IDENTITY) & set(names)
    assert tuple(table.pks) == KEY
    assert {"site", "identifier", "url", "page_url", "locator", "payload_digest"} <= set(names)
    assert "provenance" not in names


def test_applying_twice_changes_nothing(db: Database) -> None:
    before = db.schema
    migrations.apply(db)
    assert db.schema == before


def test_numbers_and_flags_are_integers(db: Database) -> None:
    kinds = {column.name: column.type for column in db.table("listing").columns}
    assert kinds["promoted"] == kinds["sales_is_minimum"] == kinds["sales_number"] == "INTEGER"
    assert kinds["price_amount"] == "TEXT"  # decimals stay exact
