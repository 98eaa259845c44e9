"""A batch of rows leaves the tables as writing them one by one does."""

from typing import Any

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from dashboard import database as db
from dashboard.intake.batch import Batch

PERSON = db.projected["person"]
ROW = st.fixed_dictionaries({"person": st.integers(1, 3)}, optional={"state": st.text(max_size=3), "seq": st.integers(1, 9)})
CHANGES = st.lists(st.tuples(st.sampled_from(["upsert", "upsert", "delete", "write"]), ROW), max_size=30)


def rows(connection: sa.Connection) -> list[Any]:
    return list(connection.execute(sa.select(PERSON).order_by(PERSON.c.person)).all())


@given(CHANGES)
def test_batch_is_one_by_one(changes: list[tuple[str, dict[str, Any]]]) -> None:
    """Whatever is upserted and deleted in whatever order, gathered or not, the same rows stand there."""
    together, alone = db.open_engine("sqlite://"), db.open_engine("sqlite://")
    front = {"ledger_site": "works", "epoch": 1}
    with db.write(together) as gathered, db.write(alone) as single:
        batch = Batch()
        for what, row in changes:
            key = {**front, "person": row["person"]}
            if what == "upsert":
                batch.upsert(PERSON, {**front, **row})
                db.upsert(single, PERSON, {**front, **row})
            elif what == "delete":
                batch.delete(gathered, PERSON, key)
                single.execute(sa.delete(PERSON).where(*(PERSON.c[name] == value for name, value in key.items())))
            else:
                batch.write(gathered)
        batch.write(gathered)

        assert rows(gathered) == rows(single)
    together.dispose()
    alone.dispose()
