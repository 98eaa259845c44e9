"""National holidays by name: jpholiday's Japanese ones, and in English those of the Cabinet Office."""

from datetime import date
from functools import lru_cache

import jpholiday

_ENGLISH = {
    "元日": "New Year's Day",
    "成人の日": "Coming of Age Day",
    "建国記念の日": "National Foundation Day",
    "天皇誕生日": "The Emperor's Birthday",
    "春分の日": "Vernal Equinox Day",
    "昭和の日": "Showa Day",
    "憲法記念日": "Constitution Memorial Day",
    "みどりの日": "Greenery Day",
    "こどもの日": "Children's Day",
    "海の日": "Marine Day",
    "山の日": "Mountain Day",
    "敬老の日": "Respect for the Aged Day",
    "秋分の日": "Autumnal Equinox Day",
    "スポーツの日": "Sports Day",
    "体育の日": "Health and Sports Day",
    "文化の日": "Culture Day",
    "勤労感謝の日": "Labor Thanksgiving Day",
    "国民の休日": "National Holiday",
}
_SUBSTITUTE = "振替休日"
NATIONAL = "National holiday"
"""What a holiday is called in English that the table does not name: an enthronement, say."""


@lru_cache(maxsize=4096)
def national(country: str, day: date) -> tuple[str, str] | None:
    """The day's national holiday in this country, in Japanese and English; None on every other day."""
    name = jpholiday.is_holiday_name(day) if country == "JP" else None
    return None if not name else (str(name), _english(str(name)))


def _english(name: str) -> str:
    if name.endswith(_SUBSTITUTE):
        return f"{_ENGLISH.get(name.removesuffix(_SUBSTITUTE).strip(), NATIONAL)} (substitute)"
    return _ENGLISH.get(name, NATIONAL)
