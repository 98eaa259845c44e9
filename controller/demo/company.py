"""The example manufacturer: forty people, their posts, and what they may enter. Every name is invented."""

from dataclasses import dataclass

OFFICE, RND, PROTO, ARCHIVE = "office", "rnd", "proto", "archive"


@dataclass(frozen=True, slots=True)
class Employee:
    """One person of the example; `login` is what one types for them, `rights` are (zone, schedule)."""

    login: str
    name: str
    kana: str
    title: str
    department: str
    rights: tuple[tuple[str, str], ...]


_DAY = ((OFFICE, "day"),)
_DEVELOPER = ((OFFICE, "long-day"), (RND, "long-day"))
_PROTOTYPE = ((OFFICE, "long-day"), (RND, "long-day"), (PROTO, "day"))
_HEAD = ((OFFICE, "always"), (RND, "always"), (PROTO, "long-day"), (ARCHIVE, "day"))
_GUARD = ((OFFICE, "always"), (RND, "night"), (PROTO, "night"))
_NIGHT = ((OFFICE, "night"),)
_ARCHIVIST = ((OFFICE, "day"), (ARCHIVE, "day"))

_ROWS = (
    ("sato", "佐藤 恵子", "さとう けいこ", "課長", "総務部", _HEAD),
    ("suzuki", "鈴木 一郎", "すずき いちろう", "部長", "開発部", _HEAD),
    ("takahashi", "高橋 正", "たかはし ただし", "部長", "総務部", _HEAD),
    ("tanaka", "田中 守", "たなか まもる", "守衛長", "警備", _GUARD),
    ("ito", "伊藤 さくら", "いとう さくら", "監査役", "監査室", _DAY),
    ("yamada", "山田 花子", "やまだ はなこ", "係長", "開発部", (*_PROTOTYPE, (ARCHIVE, "day"))),
    ("watanabe", "渡辺 健", "わたなべ けん", "主任", "開発部", _PROTOTYPE),
    ("yamamoto", "山本 直樹", "やまもと なおき", "主任", "開発部", _PROTOTYPE),
    ("nakamura", "中村 美咲", "なかむら みさき", "", "開発部", _DEVELOPER),
    ("kobayashi", "小林 誠", "こばやし まこと", "", "開発部", _DEVELOPER),
    ("kato", "加藤 由美", "かとう ゆみ", "", "開発部", _DEVELOPER),
    ("yoshida", "吉田 拓也", "よしだ たくや", "", "開発部", _DEVELOPER),
    ("yamaguchi", "山口 舞", "やまぐち まい", "", "開発部", _DEVELOPER),
    ("matsumoto", "松本 大輔", "まつもと だいすけ", "", "開発部", _DEVELOPER),
    ("inoue", "井上 彩", "いのうえ あや", "", "開発部", _DEVELOPER),
    ("kimura", "木村 翔", "きむら しょう", "", "開発部", _DEVELOPER),
    ("hayashi", "林 玲奈", "はやし れな", "", "開発部", _PROTOTYPE),
    ("shimizu", "清水 剛", "しみず つよし", "班長", "製造部", _PROTOTYPE),
    ("yamazaki", "山﨑 明", "やまざき あきら", "班長", "製造部", _PROTOTYPE),
    ("mori", "森 香織", "もり かおり", "", "製造部", _DAY),
    ("ikeda", "池田 浩", "いけだ ひろし", "", "製造部", _DAY),
    ("hashimoto", "橋本 奈々", "はしもと なな", "", "製造部", _DAY),
    ("abe", "阿部 修", "あべ おさむ", "", "製造部", _DAY),
    ("ishikawa", "石川 千夏", "いしかわ ちなつ", "", "製造部", _DAY),
    ("yamashita", "山下 悟", "やました さとる", "", "製造部", _NIGHT),
    ("nakajima", "中島 勇", "なかじま いさむ", "", "製造部", _NIGHT),
    ("ishii", "石井 真理", "いしい まり", "", "品質保証部", (*_DAY, (RND, "day"), (PROTO, "day"))),
    ("ogawa", "小川 徹", "おがわ とおる", "", "品質保証部", (*_DAY, (RND, "day"), (PROTO, "day"))),
    ("maeda", "前田 里奈", "まえだ りな", "", "品質保証部", _DAY),
    ("okada", "岡田 豊", "おかだ ゆたか", "", "図面管理室", _ARCHIVIST),
    ("hasegawa", "長谷川 恵", "はせがわ めぐみ", "", "図面管理室", _ARCHIVIST),
    ("fujita", "藤田 駿", "ふじた しゅん", "", "営業部", _DAY),
    ("goto", "後藤 葵", "ごとう あおい", "", "営業部", _DAY),
    ("kondo", "近藤 隆", "こんどう たかし", "課長", "営業部", _DAY),
    ("murakami", "村上 沙織", "むらかみ さおり", "", "営業部", _DAY),
    ("endo", "遠藤 亮", "えんどう りょう", "", "情報システム", ((OFFICE, "long-day"),)),
    ("takagi", "髙木 純", "たかぎ じゅん", "", "情報システム", ((OFFICE, "long-day"),)),
    ("aoki", "青木 結衣", "あおき ゆい", "", "経理部", _DAY),
    ("nguyen", "グエン ヴァン アン", "ぐえん ゔぁん あん", "", "製造部", _DAY),
    ("fukuda", "福田 昇", "ふくだ のぼる", "", "警備", _GUARD),
)

EMPLOYEES = tuple(Employee(*row) for row in _ROWS)
NUMBER = {person.login: n for n, person in enumerate(EMPLOYEES, 1)}
"""The number each employee has in the ledger: the order in which the example registers them."""


@dataclass(frozen=True, slots=True)
class DemoOperator:
    """An account at the example's dashboard: the employee's login, roles, and what it is good to look at."""

    login: str
    roles: tuple[str, ...]
    scope: tuple[str, ...]


OPERATORS = (
    DemoOperator("sato", ("administrator",), ("*",)),
    DemoOperator("ito", ("auditor",), ("*",)),
    DemoOperator("suzuki", ("manager",), ("*",)),
    DemoOperator("takahashi", ("manager",), ("*",)),
    DemoOperator("tanaka", ("guard",), ("*",)),
    DemoOperator("yamada", ("employee",), ("*",)),
    DemoOperator("watanabe", ("employee",), ("*",)),
)


def idm(number: int) -> bytes:
    """The IDm of the badge of employee `number` (from 1)."""
    return bytes.fromhex("0127") + number.to_bytes(6, "big")


STRANGER_IDM = bytes.fromhex("0127ffffffff0001")
BLANK_IDM = bytes.fromhex("0127eeeeeeee0001")

PINS = {"suzuki": ("493817", "180526"), "sato": ("638205", ""), "tanaka": ("275914", "")}
"""The example's PINs, which are anybody's to read: the one, and the one for duress."""
