"""A group of the example: people who may use the prototype room for one project, and one who is to join."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from controller.demo.company import NUMBER
from controller.record.asks import ApproveRight, RequestRight
from controller.record.asks.group import ApproveMembership, CreateGroup, RequestMembership
from controller.record.canonical import timestamp
from controller.record.private import Text

NAME = "次期モデル試作班"
MEMBERS = ("nakamura", "yoshida")
WAITING = "kato"

Asked = tuple[str, msgspec.Struct, Text]


def formed(now: datetime, access_right: int) -> Iterator[Asked]:
    """Who asks for what to make the group: its right, number `access_right`, and its members, each approved by another."""
    span = timestamp(now), timestamp(now + timedelta(days=365))
    yield "sato", CreateGroup(), {"name": NAME}
    yield "sato", RequestRight(None, "proto", "day", *span, team=1), {"purpose": "次期モデルの試作・評価"}
    yield "suzuki", ApproveRight(access_right), {}
    for number, login in enumerate(MEMBERS, 1):
        yield "sato", RequestMembership(1, NUMBER[login]), {"purpose": "試作班への配属"}
        yield "takahashi", ApproveMembership(number), {}


def waiting() -> Asked:
    """Somebody who is to join, and whom nobody has let in yet."""
    return "sato", RequestMembership(1, NUMBER[WAITING]), {"purpose": "試作班への配属"}
