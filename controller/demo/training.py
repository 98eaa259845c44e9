"""The example's pledges and training: what was recorded of whom, and the few who lack something or soon will."""

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from controller.demo.company import ARCHIVE, EMPLOYEES, NUMBER, PROTO, RND
from controller.record.asks import CompleteTraining, SignPledge
from controller.record.private import Text

VERSION = "2026-04"
PLEDGE_FILE = "pledge-nda.txt"
PLEDGE_TEXT = """\
秘密保持誓約書（2026年4月版・体験版の例文）

私は、業務で知り得た秘密情報を許可なく開示せず、業務の目的以外に使わないことを誓約します。
立入制限区域の入退室が記録され、確認されることに同意します。退職の後も同様とします。
"""
PLEDGE_SHA256 = hashlib.sha256(PLEDGE_TEXT.encode()).hexdigest()
_YEAR = 365

SETTINGS = f"""
[[pledge]]
id = "nda"
name = {{{{ ja = "秘密保持誓約書", en = "Secrecy pledge" }}}}
version = "{VERSION}"
sha256 = "{PLEDGE_SHA256}"  # of {PLEDGE_FILE}, beside this file

[[course]]
id = "security"
name = {{{{ ja = "情報管理教育（年次）", en = "Yearly security training" }}}}
valid_days = {_YEAR}

[[course]]
id = "proto"
name = {{{{ ja = "試作室 導入教育", en = "Prototype shop induction" }}}}
valid_days = {3 * _YEAR}
"""

_UNSIGNED = {"ogawa"}
_DAYS_LEFT = {"ishii": -5, "suzuki": 12, "nakamura": 25, "kobayashi": 0}
"""Of the yearly training on the day of the demo."""
_NOT_INDUCTED = {"hayashi"}


def recorded(begin: date, today: date) -> Iterator[tuple[msgspec.Struct, Text]]:
    """What the example's administrator recorded on the day `begin`, so that it stands as it shall on the day `today`."""
    inside = [person for person in EMPLOYEES if {RND, PROTO, ARCHIVE} & {zone for zone, _ in person.rights}]
    signed = tuple(NUMBER[person.login] for person in inside if person.login not in _UNSIGNED)
    text = {"note": "原本は総務部で保管"}
    yield SignPledge(signed, "nda", VERSION, PLEDGE_SHA256, begin.isoformat(), "joining"), text
    rest = tuple(NUMBER[person.login] for person in inside if person.login not in _DAYS_LEFT)
    yield CompleteTraining(rest, "security", (begin - timedelta(days=20)).isoformat()), {"note": "春の集合教育"}
    for login, left in _DAYS_LEFT.items():
        on = min(begin, today + timedelta(days=left - _YEAR))
        yield CompleteTraining((NUMBER[login],), "security", on.isoformat()), {}
    makers = [person for person in inside if PROTO in {zone for zone, _ in person.rights}]
    inducted = tuple(NUMBER[person.login] for person in makers if person.login not in _NOT_INDUCTED)
    yield CompleteTraining(inducted, "proto", begin.isoformat()), {}


def recorded_of(person: int, today: date) -> Iterator[tuple[msgspec.Struct, Text]]:
    """What one person needs who joins today."""
    yield SignPledge((person,), "nda", VERSION, PLEDGE_SHA256, today.isoformat(), "joining"), {}
    yield CompleteTraining((person,), "security", today.isoformat()), {}
