"""The form of the catalogue: the columns of the training material in their order, and behind them what more is known (C1.1)."""

from flask_babel import gettext as _

from controller.record.conditions import PLEDGE, TRAINING
from controller.record.measures import PERSONAL, sort_of
from dashboard.paper import Column
from dashboard.read.assets import Asset
from dashboard.read.names import Names
from dashboard.web.language import said

YES = "○"


def columns() -> tuple[Column, ...]:
    """業務分類, 情報資産名称, 備考, 利用者範囲, 管理部署, 媒体・保存先, 個人情報の種類, 保存期限, 登録日; then the rest."""
    group = _("Kind of personal information")
    return (
        Column(_("Business"), 18),
        Column(_("Name of the asset"), 32),
        Column(_("Remarks"), 30),
        Column(_("Who uses it"), 20),
        Column(_("Department in charge"), 20),
        Column(_("Medium and place"), 20),
        *(Column(said(sort, "personal"), 10, group) for sort in PERSONAL),
        Column(_("Keep until"), 16),
        Column(_("Entered on"), 16),
        Column(_("Class"), 12),
        Column(_("Marking"), 14),
        Column(_("Kept in"), 20),
        Column(_("May be handled in"), 20),
        Column(_("Owner"), 20),
        Column(_("Measures asked for"), 26),
        Column(_("Asset no."), 10),
    )


def cells(one: Asset, names: Names) -> list[str]:
    """One line of it."""
    text = one.text
    measures = [measure_name(code, names) for code in one.measures] + [text.get("contract", "")]
    return [
        text.get("business", ""),
        one.title,
        text.get("note", ""),
        text.get("users", ""),
        text.get("department", ""),
        text.get("medium", ""),
        *(YES if sort in one.personal else "" for sort in PERSONAL),
        _day(one.retain_until),
        _day(one.registered_on),
        said(one.secrecy, "secrecy"),
        said(one.marking, "marking"),
        one.place_name,
        " / ".join(one.allowed_names),
        text.get("owner", ""),
        " / ".join(measure for measure in measures if measure),
        str(one.asset),
    ]


def _day(day: str | None) -> str:
    return (day or "").replace("-", "/")


def measure_name(code: str, names: Names) -> str:
    """What a measure is called: a pledge or course by its name."""
    if sort_of(code) in (PLEDGE, TRAINING):
        return names.conditions.get(code, code)
    return said(code, "measure")
