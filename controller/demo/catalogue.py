"""What the example keeps where: containers, the catalogue of its information, and who answers for each place (C1.1, C3.1).

One place is without a manager, one appointment waits, and the retention of one asset is over: so that it can be seen.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from controller.demo.company import ARCHIVE, NUMBER, OFFICE, PROTO, RND
from controller.record.asks.asset import RegisterAsset
from controller.record.asks.container import RegisterContainer
from controller.record.asks.keeper import ApproveKeeper, ProposeKeeper
from controller.record.private import Text

Asked = tuple[str, msgspec.Struct, Text]

CONTAINERS = (
    ("safe-a", "safe", ARCHIVE, "combination", "図面庫 金庫A"),
    ("safe-b", "safe", OFFICE, "combination", "経理 金庫B"),
    ("cabinet-1", "cabinet", RND, "key", "開発室 キャビネット1"),
    ("cabinet-2", "cabinet", OFFICE, "key", "総務 キャビネット2"),
    ("drawer-1", "drawer", "cabinet-1", "key", "キャビネット1 引出し上段"),
    ("rack-p", "rack", PROTO, "key", "試作品棚"),
)

KEEPERS = (
    (OFFICE, "takahashi", "sato"),
    (RND, "suzuki", "yamada"),
    (PROTO, "yamada", "shimizu"),
    (ARCHIVE, "sato", "okada"),
    ("samples", "suzuki", "yamada"),
    ("safe-a", "okada", "hasegawa"),
    ("safe-b", "takahashi", "aoki"),
    ("cabinet-1", "yamada", "watanabe"),
    ("cabinet-2", "sato", "takahashi"),
    ("rack-p", "shimizu", "yamazaki"),
)
"""By place, its manager and its deputy; `drawer-1` has none."""

ASSETS: tuple[tuple[str, str, str, str, str, str, str, str, int | None, dict[str, tuple[str, ...]]], ...] = (
    ("技術", "製品設計図（現行機種）", "現役製品の設計図一式", "開発部", "開発部", "書類", "secret", ARCHIVE, None, {}),
    ("技術", "次期モデル設計図", "未発表", "開発部・試作班", "開発部", "書類", "top_secret", "safe-a", 730,
     {"measures": ("pledge:nda", "no_carry_in"), "allowed": (ARCHIVE, RND)}),
    ("技術", "加工条件表", "三次元測定機の条件を含む", "製造部", "製造部", "書類", "secret", "cabinet-1", 400, {}),
    ("技術", "試作品（次期モデル筐体）", "塗装前", "試作班", "開発部", "試作品", "top_secret", "rack-p", 120,
     {"measures": ("pledge:nda", "training:proto"), "allowed": (PROTO,)}),
    ("技術", "浜名電子様 支給図面", "秘密保持契約 2025-014", "開発部", "開発部", "書類", "secret", "drawer-1", 20,
     {"measures": ("pledge:nda",), "allowed": (RND,)}),
    ("技術", "浜名電子様 評価用USBメモリ", "返却予定", "開発部", "開発部", "可搬電子媒体", "secret", "drawer-1", -12,
     {"measures": ("pledge:nda",), "allowed": (RND,)}),
    ("営業", "製品カタログ", "現役製品カタログ一式", "営業部", "営業部", "書類", "internal", OFFICE, None, {}),
    ("営業", "価格決定資料", "", "営業部・経理部", "営業部", "書類", "secret", "safe-b", 300, {}),
    ("営業", "顧客名簿", "", "営業部", "営業部", "書類", "internal", "cabinet-2", 365, {"personal": ("personal",)}),
    ("人事", "従業員名簿", "", "総務部", "総務部", "書類", "internal", "cabinet-2", None,
     {"personal": ("personal", "sensitive")}),
    ("経理", "給与台帳", "", "経理部", "経理部", "書類", "secret", "safe-b", 2500, {"personal": ("personal", "my_number")}),
    ("情報システム", "バックアップ媒体", "週次", "情報システム", "情報システム", "可搬電子媒体", "secret", "safe-b", None, {}),
)  # fmt: skip
"""業務分類, 情報資産名称, 備考, 利用者範囲, 管理部署, 媒体・保存先, class, place, days until its retention ends, the rest."""

OWNERS = {"浜名電子様 支給図面": "浜名電子", "浜名電子様 評価用USBメモリ": "浜名電子"}


def places_furnished(first_appointment: int = 1) -> Iterator[Asked]:
    """Who asks for what to put up the containers and to name who answers for each place."""
    for id, sort, zone, lock, name in CONTAINERS:
        yield "suzuki", RegisterContainer(id, sort, zone, lock), {"name": name}
    for number, (place, manager, deputy) in enumerate(KEEPERS, first_appointment):
        yield "suzuki", ProposeKeeper(place, NUMBER[manager], NUMBER[deputy]), {}
        yield "takahashi", ApproveKeeper(number), {}


def assets_entered(today: date) -> Iterator[Asked]:
    """The catalogue, as it is entered; the last days of retentions count from `today`."""
    for business, title, note, users, department, medium, secrecy, place, days, more in ASSETS:
        until = None if days is None else (today + timedelta(days=days)).isoformat()
        texts = {"business": business, "title": title, "note": note, "users": users, "department": department}
        texts |= {"medium": medium, "owner": OWNERS.get(title, "")}
        body = RegisterAsset(
            secrecy=secrecy, place=place, retain_until=until, measures=more.get("measures", ()),
            allowed=more.get("allowed", ()), personal=more.get("personal", ()),
        )  # fmt: skip
        yield "suzuki", body, texts


def keeper_waiting() -> Asked:
    """An appointment that nobody has approved yet."""
    return "takahashi", ProposeKeeper("cabinet-1", NUMBER["watanabe"], NUMBER["hayashi"]), {}
