"""The decision against an oracle that was written apart from it, from the criteria, on plain values.

C5.1, C7.1–C7.7, C8.7–C8.9.

A world is a dictionary of numbers and words; times are minutes from now. `answer` reads it flat, in the order in which a
person would have to put things right; `case_of` makes the rules' case of it. 100,000 worlds, the same in every run.
"""

import random
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controller.record.conditions import Condition, Fulfilment
from controller.rules.access import BadgeFact, Case, RightFact, Tap, decide, explain
from controller.rules.outcome import Refusal
from controller.rules.passback import Way, Whereabouts
from controller.rules.pin import PinFact
from controller.rules.presence import Room
from controller.rules.schedule import Schedule, Window, always
from controller.rules.zone import ZoneRules

World = dict[str, Any]

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
SCHEDULES = {
    "always": always(UTC_ZONE),
    "never": Schedule("never", ((),) * 7, None, UTC_ZONE),
    "tuesday morning": Schedule(
        "tuesday morning", ((), (Window(time(2), time(4)),), (), (), (), (), ()), None, UTC_ZONE
    ),
    "wednesday": Schedule("wednesday", ((), (), (Window(time(0), time(0)),), (), (), (), ()), None, UTC_ZONE),
}
OPEN_NOW = {"always", "tuesday morning"}
SHA, OTHER_SHA = "a" * 64, "b" * 64
CASES = 100_000


# The oracle -----------------------------------------------------------------------------------------------------------


def answer(world: World) -> str:
    """What the door has to say: `granted`, or the first thing that is missing."""
    return (
        about_the_badge(world)
        or about_rights(world["rights"])
        or about_the_zone(world)
        or about_company(world)
        or "granted"
    )


def about_the_badge(world: World) -> str:
    """What is wrong with the card, the badge or whose it is, before anybody looks at rights."""
    badge = world["badge"]
    if world["problem"]:
        return str(world["problem"])
    if not badge:
        return "enrolment"
    if badge["state"] != "active":
        return "active_badge"
    if badge["person"] != "active" or (badge["last_day_over_in"] is not None and badge["last_day_over_in"] <= 0):
        return "active_person"
    if world["lockdown"]:
        return "lockdown"
    return "assurance" if world["assurance"] < world["least"] else ""


def about_the_zone(world: World) -> str:
    """What the zone asks for besides a right."""
    for sort in ("pledge", "training"):
        if world[sort] and not any(is_held(one) for one in world[sort]["held"]):
            return sort
    if world["passback"] and cannot_be_here(world["passback"]):
        return "exit"
    if world["room"] and world["room"]["inside"] >= world["room"]["most"]:
        return "room"
    if world["interlocked door stands open"]:
        return "interlock"
    if world["evacuation"]:
        return "evacuation"
    return about_the_pin(world["pin"]) if world["pin"] else ""


def about_the_pin(pin: World) -> str:
    """What is missing of the second factor, where one is asked for."""
    if pin["locked out"]:
        return "pin_lockout"
    if not pin["set"]:
        return "pin"
    if pin["typed"]:
        return ""
    return "part" if pin["keypad broken"] else "pin"


def cannot_be_here(passback: World) -> bool:
    """The door leads from the lobby, with the corridor in it, into the lab, with the vault in it; hard, or it is let in."""
    if passback["mode"] != "hard" or passback["seen in"] in (None, "lobby", "corridor") or passback["pardoned"]:
        return False
    if passback["forgiven before"] is not None and passback["seen at"] < passback["forgiven before"]:
        return False
    if passback["minutes"] and -passback["seen at"] >= passback["minutes"]:
        return False
    inside = passback["seen in"] in ("lab", "vault")
    doubted = passback["doubt"] and not (passback["doubt"] == "button" and passback["minutes"] and inside)
    return not doubted


def about_company(world: World) -> str:
    """Who has to come along, where somebody asks what would be if they came alone."""
    if not world["alone"]:
        return ""
    holding = {right["manner"] for right in world["rights"] if about_rights([right]) == ""}
    if holding == {"escorted"}:
        return "escort"
    return "second_person" if world["alone"]["two_person"] and world["alone"]["holders inside"] < 2 else ""


def about_rights(rights: list[World]) -> str:
    """Empty when one of them lets in now; else what the one that comes nearest misses."""
    missing = {"right"}
    for right in rights:
        if right["state"] == "requested":
            missing.add("approval")
        elif right["state"] == "suspended":
            missing.add("review")
        elif right["state"] == "active":
            if right["from"] > 0 or right["until"] <= 0:
                missing.add("validity")
            elif right["hours"] not in OPEN_NOW:
                missing.add("schedule")
            else:
                return ""
    return next(code for code in ("schedule", "validity", "review", "approval", "right") if code in missing)


def is_held(one: World) -> bool:
    """A signature on the present text and document, or a course, that has not run out."""
    return one["of this"] and (one["ends in"] is None or one["ends in"] > 0)


# Worlds ----------------------------------------------------------------------------------------------------------------


def draw(chance: random.Random) -> World:
    """One world. Mostly all is well but for a thing or two, so that each thing comes to be the one that is missing."""

    def seldom(what: Any, else_: Any, one_in: int = 12) -> Any:
        return what if chance.randrange(one_in) == 0 else else_

    def when() -> int:
        return chance.choice((-600, -1, 0, 0, 1, 600))

    def held() -> World:
        return {"of this": chance.random() < 0.8, "ends in": chance.choice((None, None, -1, 0, 1, 600))}

    badge = {
        "state": seldom(chance.choice(("lost", "retired", "")), "active"),
        "person": seldom(chance.choice(("suspended", "left", "")), "active"),
        "last_day_over_in": seldom(when(), None, 6),
    }
    return {
        "problem": seldom(chance.choice(("card", "identity", "personalisation", "proof")), None),
        "badge": seldom(None, badge),
        "lockdown": seldom(True, False),
        "assurance": chance.choice((1, 2, 2, 2, 2, 3)),
        "least": chance.choice((0, 1, 2, 2, 2, 2, 3)),
        "rights": [draw_right(chance) for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 3)))],
        "pledge": seldom({"held": [held() for _ in range(chance.randrange(3))]}, None, 3),
        "training": seldom({"held": [held() for _ in range(chance.randrange(3))]}, None, 3),
        "passback": seldom(draw_passback(chance), None, 3),
        "room": seldom({"inside": chance.randrange(4), "most": chance.choice((1, 2, 3, 9))}, None, 6),
        "interlocked door stands open": seldom(True, False),
        "evacuation": seldom(True, False),
        "pin": seldom(draw_pin(chance), None, 3),
        "alone": seldom({"two_person": chance.random() < 0.5, "holders inside": chance.randrange(4)}, None, 2),
    }


def draw_right(chance: random.Random) -> World:
    """One right."""
    return {
        "state": chance.choice(
            ("active", "active", "active", "active", "requested", "suspended", "declined", "revoked", "")
        ),
        "from": chance.choice((-600, -600, -600, -1, 0, 1)),
        "until": chance.choice((600, 600, 600, 1, 0, -1)),
        "hours": chance.choice(("always", "always", "tuesday morning", "wednesday", "never", "not in site.toml")),
        "manner": chance.choice(("own", "own", "escort", "escorted")),
    }


def draw_pin(chance: random.Random) -> World:
    """How it stands with the PIN at a portal that asks for one now."""
    return {
        "set": chance.randrange(5) > 0,
        "locked out": chance.randrange(5) == 0,
        "typed": chance.random() < 0.5,
        "keypad broken": chance.randrange(4) == 0,
    }


def draw_passback(chance: random.Random) -> World:
    """A zone's anti-passback, and where the badge's holder was seen last."""
    return {
        "mode": chance.choice(("soft", "hard", "hard", "hard")),
        "minutes": chance.choice((0, 0, 30)),
        "seen in": chance.choice((None, "", "lobby", "corridor", "lab", "lab", "vault", "canteen")),
        "seen at": chance.choice((0, -1, -29, -30, -31, -600)),
        "forgiven before": chance.choice((None, None, -30, -1, 0)),
        "doubt": chance.choice(("", "", "", "button", "forced")),
        "pardoned": chance.randrange(8) == 0,
    }


def zone_of(world: World, conditions: tuple[Condition, ...]) -> ZoneRules:
    """The lab, as it asks for things in this world."""
    passback = world["passback"] or {"mode": "off", "minutes": 0}
    return ZoneRules(
        "lab",
        world["least"],
        conditions,
        within=frozenset({"lab", "vault"}),
        passback=passback["mode"],
        passback_min=passback["minutes"],
        two_person=bool(world["alone"] and world["alone"]["two_person"]),
    )


def way_of(passback: World | None) -> Way | None:
    """From where the tap comes, and where its holder was seen."""
    if not passback:
        return None
    seen = None
    if passback["seen in"] is not None:
        since = NOW + timedelta(minutes=passback["seen at"])
        seen = Whereabouts(passback["seen in"], since, 3, passback["doubt"], 4, passback["pardoned"])
    return Way(frozenset({"lobby", "corridor"}), seen, at(passback["forgiven before"]))


def pin_of(pin: World | None) -> PinFact | None:
    """The second factor."""
    if not pin:
        return None
    return PinFact(pin["set"], 1, 0, pin["locked out"], pin["keypad broken"], pin["typed"], 9)


def case_of(world: World) -> Case:
    """The same as the rules see it."""
    conditions, fulfilments = [], []
    for sort, version, sha in (("pledge", "2", SHA), ("training", "", "")):
        if not world[sort]:
            continue
        conditions.append(Condition(f"{sort}:x", version, sha))
        for one in world[sort]["held"]:
            other = not one["of this"]
            name = f"{sort}:y" if other and sort == "training" else f"{sort}:x"
            shown = OTHER_SHA if other and sort == "pledge" else sha
            fulfilments.append(Fulfilment(1, name, version, shown, at(one["ends in"]), 9))
    badge = world["badge"]
    return Case(
        Tap("c", world["assurance"], world["problem"], ""),
        badge and BadgeFact(1, 14, badge["state"], badge["person"], 5, 6, at(badge["last_day_over_in"])),
        zone_of(world, tuple(conditions)),
        NOW,
        SCHEDULES,
        tuple(
            RightFact(n, right["hours"], at(right["from"]), at(right["until"]), right["state"], n, right["manner"])  # type: ignore[arg-type]
            for n, right in enumerate(world["rights"], 1)
        ),
        (7,) if world["lockdown"] else (),
        blocking="other" if world["interlocked door stands open"] else "",
        fulfilments=tuple(fulfilments),
        evacuations=(8,) if world["evacuation"] else (),
        way=way_of(world["passback"]),
        pin=pin_of(world["pin"]),
        accompanied=not world["alone"],
        others=world["alone"]["holders inside"] if world["alone"] and world["alone"]["two_person"] else None,
        rooms=(Room("lab", world["room"]["inside"], world["room"]["most"]),) if world["room"] else (),
    )


def at(minutes: int | None) -> datetime | None:
    """So many minutes from now."""
    return None if minutes is None else NOW + timedelta(minutes=minutes)


# The two against each other ----------------------------------------------------------------------------------------------

CODES = {
    "granted", "card", "identity", "personalisation", "proof", "enrolment", "active_badge", "active_person", "lockdown",
    "assurance", "right", "approval", "validity", "schedule", "pledge", "training", "exit", "interlock", "room",
    "evacuation", "pin", "pin_lockout", "part", "review", "escort", "second_person",
}  # fmt: skip
"""Every answer of the decision on one tap."""


@pytest.mark.slow
def test_the_rules_agree_with_the_oracle() -> None:
    """In 100,000 worlds, and in every refusal code, the decision is what the criteria say read flat."""
    chance, seen = random.Random(2026), Counter[str]()
    for _ in range(CASES):
        world = draw(chance)
        expected = answer(world)
        decision = decide(case_of(world))
        said = decision.code if isinstance(decision, Refusal) else "granted"
        assert said == expected, world
        seen[said] += 1

    assert set(seen) == CODES
    assert min(seen.values()) > 100, seen


def test_the_explanation_is_complete() -> None:
    """With any one thing put right, the next thing that the oracle misses is among those that were explained."""
    chance = random.Random(24)
    for _ in range(2_000):
        world = draw(chance)
        explained = {finding.refusal.code for finding in explain(case_of(world)) if finding.refusal is not None}
        missing = answer(world)
        for cure in ({"lockdown": False}, {"interlocked door stands open": False}, {"evacuation": False}, {"least": 0}):
            after = answer({**world, **cure})
            if missing not in ("granted", after) and after != "granted":
                assert after in explained, world
