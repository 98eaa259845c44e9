"""What a message says: how much is due and of which sort, and where to look. No name, no number of a thing, no typed text.

Pure. Both languages stand here: a message is written outside of any page, in the language of whoever gets it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.record.duty import LATE, TODAY
from controller.record.words import words

TITLE = {"ja": "関守：期限のお知らせ", "en": "Sekimori: what is due"}
URGENT_TITLE = {"ja": "関守：期限超過の報告", "en": "Sekimori: overdue, and nobody has acted"}
TEST = {
    "ja": ("関守：通知の試験", "この通知が届いていれば、設定は正しく動作しています。"),
    "en": ("Sekimori: a test", "If this has arrived, notifications work."),
}
_TEXTS = {
    "escalated": {
        "ja": "対応されていない期限超過が{n}件あります（{sorts}）",
        "en": "{n} overdue, and nobody has acted ({sorts})",
    },
    "late": {"ja": "期限超過が{n}件あります（{sorts}）", "en": "{n} overdue ({sorts})"},
    "today": {"ja": "本日が期限のものが{n}件あります（{sorts}）", "en": "{n} due today ({sorts})"},
    "coming": {"ja": "期限が近いものが{n}件あります（{sorts}）", "en": "{n} due soon ({sorts})"},
    "approvals": {"ja": "承認待ちが{n}件あります", "en": "{n} waiting for your decision"},
}


@dataclass(frozen=True, slots=True)
class Part:
    """What one site has to tell somebody: sorts and stages of due things, and how much waits for their decision."""

    site: str
    """What the site is called, in the reader's language; empty where they have but one."""
    due: Sequence[tuple[str, str, bool]]
    """Sort, stage, and whether it is told because nobody acted."""
    approvals: int = 0


def compose(parts: Sequence[Part], lang: str, url: str, urgent: bool) -> tuple[str, str]:
    """Title and text. Nothing to tell is no message: then the text is empty."""
    lines: list[str] = []
    for part in parts:
        said = _lines(part, lang)
        if said and part.site:
            lines.append(f"【{part.site}】" if lang == "ja" else f"{part.site}:")
        lines += said
    if lines and url:
        lines += ["", f"{url}/due?mine=1&lang={lang}"]
    return (URGENT_TITLE if urgent else TITLE)[lang], "\n".join(lines)


def _lines(part: Part, lang: str) -> list[str]:
    groups: dict[str, list[str]] = {}
    for sort, stage, escalated in part.due:
        group = "escalated" if escalated else "late" if stage in LATE else "today" if stage == TODAY else "coming"
        groups.setdefault(group, []).append(sort)
    lines = [
        _TEXTS[group][lang].format(n=len(groups[group]), sorts=_sorts(groups[group], lang))
        for group in ("escalated", "late", "today", "coming")
        if group in groups
    ]
    return lines + ([_TEXTS["approvals"][lang].format(n=part.approvals)] if part.approvals else [])


def _sorts(sorts: Sequence[str], lang: str) -> str:
    return ("、" if lang == "ja" else ", ").join(words(sort, lang, "due") for sort in dict.fromkeys(sorts))
