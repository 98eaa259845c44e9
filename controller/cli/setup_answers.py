"""The conversation of `sekimori setup`: from flags, a file and a terminal to a plan, or to all that is missing or wrong."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from controller.cli.interview import Interview, Wrong
from controller.facility.settings import BadSettings
from controller.record.keys import BadKey, PublicKeys
from controller.setup import people
from controller.setup.found import suggestions
from controller.setup.people import ALONE, PAIR, BadOperators, Given
from controller.setup.plan import Plan
from controller.setup.questions import QUESTIONS, Answers, Question, settled, wrong
from controller.setup.standing import Standing
from controller.setup.template import site_toml
from controller.site import settings_of


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says; None where it says nothing."""

    data: Path
    settings: dict[str, str | None]
    operators: tuple[str, ...]
    file: Path | None
    alone: bool
    dashboard: str | None


def plan_of(interview: Interview, asked: Asked, there: Standing) -> Plan:
    """The plan; look at the interview's `missing` and `mistakes` before using it. Raises BadSettings, OSError, EOFError."""
    interview.tell("setup.begin", data=asked.data)
    named = _named(interview, asked)
    plan = Plan(_settings(interview, asked, there))
    _people(interview, plan, asked.alone, there, named)
    plan.dashboard = _dashboard(interview, there, asked.dashboard)
    return plan


# What is screwed on --------------------------------------------------------------------------------------------------------


def _settings(interview: Interview, asked: Asked, there: Standing) -> str:
    """The text of the new `site.toml`; empty where there is a good one already."""
    if there.settings:
        settings_of(asked.data)
        return ""
    text = site_toml(_answers(interview, asked.settings))
    if not interview.missing and not interview.mistakes:
        interview.mistakes.extend(_mistakes(text))
    return text


def _answers(interview: Interview, given: dict[str, str | None]) -> Answers:
    found = suggestions() if interview.asks else {}
    answers: dict[str, str] = {}
    for question in QUESTIONS:
        key = question.key
        answer = ""
        if question.applies(answers):
            mistake, default = _mistake(question, answers), question.default
            answer = interview.take(key, given[key], mistake, suggestion=found.get(key, ""), default=default)
        answers[key] = settled(question, answer) or question.default or ""
    return answers


def _mistake(question: Question, before: Answers) -> Wrong:
    return lambda answer: wrong(question, settled(question, answer), before, _mistakes)


def _mistakes(text: str) -> list[str]:
    """What `sekimori check` would say of a `site.toml` of this text."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "site.toml").write_text(text, encoding="utf-8")
        try:
            settings_of(Path(folder))
        except BadSettings as bad:
            return bad.mistakes
    return []


# Who begins ----------------------------------------------------------------------------------------------------------------


def _named(interview: Interview, asked: Asked) -> list[Given]:
    """Those whom flags and file name."""
    try:
        listed = [] if asked.file is None else people.read(asked.file, sys.stdin)
        return [people.parse(line) for line in asked.operators] + listed
    except BadOperators as error:
        interview.mistakes.append(f"--operator: {error}")
        return []


def _people(interview: Interview, plan: Plan, alone: bool, there: Standing, named: list[Given]) -> None:
    known = list(there.operators.values())
    plan.operators = [one for one in named if one.name not in {other.name for other in known}]
    plan.alone = alone and not there.alone
    if alone and there.two:
        interview.mistakes.append("--alone: there have been two people already")
    short = there.lacking(alone) - len(plan.operators)
    if short > 0 and interview.asks:
        _ask_people(interview, plan, known, short)
    elif short > 0 and not interview.mistakes:
        interview.missing.append("--operator")
    elif there.alone and interview.asks and not named and len(known) == 1:
        _ask_second(interview, plan, known)
    if (plan.operators or plan.alone) and not interview.missing and not interview.mistakes:
        mistake = people.mistake(plan.operators, known, plan.alone)
        interview.mistakes.extend([f"--operator: {mistake}"] if mistake else [])


def _ask_people(interview: Interview, plan: Plan, known: list[Given], short: int) -> None:
    """One who says so, or an administrator and a manager: whoever leaves the second empty hears what that means."""
    others = [*known, *plan.operators]
    if plan.alone:
        plan.operators.append(Given(_name(interview, "one", others), ALONE))
        return
    interview.tell("setup.two")
    held = {role for one in others for role in one.roles}
    wanted = PAIR if short == 2 else [roles for roles in PAIR if roles[0] not in held][:1] or PAIR[1:]
    for roles in wanted:
        name = _name(interview, roles[0], others) if not others else _second(interview, roles[0], others)
        if not name:
            plan.alone = True
            plan.operators = [Given(one.name, ALONE) for one in plan.operators]
            return
        others.append(Given(name, roles))
        plan.operators.append(others[-1])


def _second(interview: Interview, role: str, others: list[Given]) -> str:
    """The second person's name; empty for somebody who has read what it means to begin alone, and means it."""
    while not (name := _name(interview, role, others, needed=False)):
        interview.tell("setup.alone_means")
        if interview.free("alone").casefold() in ("alone", "単独"):
            return ""
    return name


def _ask_second(interview: Interview, plan: Plan, known: list[Given]) -> None:
    """Who began alone is asked for the second person each time, and may go on without."""
    interview.tell("setup.waiting")
    if name := _name(interview, "later", known, needed=False):
        plan.operators.append(Given(name, PAIR[1]))


def _name(interview: Interview, question: str, others: list[Given], *, needed: bool = True) -> str:
    def mistake(answer: str) -> str:
        if not answer and not needed:
            return ""
        try:
            people.parse(f"manager={answer}")
        except BadOperators as error:
            return str(error)
        return "two different people are needed" if answer in {one.name for one in others} else ""

    return interview.free(question, mistake)


# Whom the site believes ------------------------------------------------------------------------------------------------------


def _dashboard(interview: Interview, there: Standing, given: str | None) -> PublicKeys | None:
    if given is None and there.dashboards:
        return None
    line = interview.take("dashboard", given, _no_key, default="")
    if not line or _no_key(line):
        return None
    keys = PublicKeys.parse(line)
    return None if keys.id in there.dashboards else keys


def _no_key(line: str) -> str:
    try:
        if line:
            PublicKeys.parse(line)
    except BadKey as error:
        return str(error)
    return ""
