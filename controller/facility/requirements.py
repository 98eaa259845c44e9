"""What zones require of people, as `site.toml` says it: pledges with their documents, courses, and what is wrong with them."""

import re
from collections.abc import Collection, Iterator, Mapping

from controller.facility.forms import FacilityForm, PledgeForm
from controller.facility.settings import did_you_mean
from controller.facility.tables import Names
from controller.record.conditions import OCCASIONS, PLEDGE, TRAINING, Condition
from controller.record.kinds.site import ConditionSet

MOST_DAYS = 36_500
MOST_CONDITIONS = 64
"""Of a site: what a zone requires is looked at with every tap that leads there."""
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def conditions_in(form: FacilityForm) -> tuple[dict[str, Condition], dict[str, Names]]:
    """The conditions of a form without mistakes, by what zones call them; and what people call them."""
    pledges = [
        Condition(f"{PLEDGE}:{one.id}", one.version, one.sha256, one.valid_days, one.when) for one in form.pledge
    ]
    courses = [Condition(f"{TRAINING}:{one.id}", valid_days=one.valid_days) for one in form.course]
    names = {f"{PLEDGE}:{one.id}": one.name for one in form.pledge}
    names |= {f"{TRAINING}:{one.id}": one.name for one in form.course}
    return {one.id: one for one in (*pledges, *courses)}, names


def described_conditions(conditions: Mapping[str, Condition], names: Mapping[str, Names]) -> tuple[ConditionSet, ...]:
    """The conditions as the record `site.configured` says them."""
    return tuple(
        ConditionSet(id, names[id].ja, names[id].en, one.version, one.sha256, one.valid_days, one.occasions)
        for id, one in conditions.items()
    )


def requirement_mistakes(form: FacilityForm) -> Iterator[str]:
    """What is wrong with pledges, courses, and what zones require."""
    known = [f"{PLEDGE}:{one.id}" for one in form.pledge] + [f"{TRAINING}:{one.id}" for one in form.course]
    if len(known) > MOST_CONDITIONS:
        yield f"pledge, course: {len(known)} in all; {MOST_CONDITIONS} at most"
    for n, pledge in enumerate(form.pledge, 1):
        yield from _pledge_mistakes(f"pledge[{n}]", pledge)
    for n, course in enumerate(form.course, 1):
        if not 1 <= course.valid_days <= MOST_DAYS:
            yield f"course[{n}].valid_days: {course.valid_days}; days, 1 to {MOST_DAYS}"
    for n, zone in enumerate(form.zone, 1):
        yield from _required_mistakes(f"zone[{n}].requires", zone.requires, known)


def _pledge_mistakes(place: str, form: PledgeForm) -> Iterator[str]:
    if not _VERSION.fullmatch(form.version):
        yield f"{place}.version: {form.version[:40]!r}; letters, digits, '.', '_' and '-', at most 32"
    if not _SHA256.fullmatch(form.sha256):
        yield f"{place}.sha256: {form.sha256[:80]!r} is no SHA-256; write what `sha256sum FILE` says, 64 hex digits"
    if not 0 <= form.valid_days <= MOST_DAYS:
        yield f"{place}.valid_days: {form.valid_days}; days, 1 to {MOST_DAYS}, or 0 without end"
    if not form.when:
        yield f"{place}.when: is empty; name {', '.join(map(repr, OCCASIONS))}, or leave it out"
    for m, occasion in enumerate(form.when, 1):
        if occasion not in OCCASIONS:
            told = ", ".join(map(repr, OCCASIONS))
            yield f"{place}.when[{m}]: {occasion!r} is none of {told}{did_you_mean(occasion, OCCASIONS)}"
        elif occasion in form.when[: m - 1]:
            yield f"{place}.when[{m}]: {occasion!r} stands twice"


def _required_mistakes(place: str, required: Collection[str], known: Collection[str]) -> Iterator[str]:
    seen: set[str] = set()
    for m, id in enumerate(required, 1):
        if id not in known:
            yield f"{place}[{m}]: no {_sort_of(id)} {id!r}{did_you_mean(id, known)}"
        elif id in seen:
            yield f"{place}[{m}]: {id!r} stands twice"
        seen.add(id)


def _sort_of(id: str) -> str:
    return {PLEDGE: "[[pledge]]", TRAINING: "[[course]]"}.get(id.partition(":")[0], "pledge:ID or training:ID")
