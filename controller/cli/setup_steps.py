"""What `sekimori setup` does once every answer is good, step by step; each may have been done before, and is then said to be.

A run that is killed between two steps is finished by the next one. The console's commands go to the running controller,
or are done here while none runs.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.app import command as ask_controller
from controller.cli.command import DONE, FOUND, LEDGER, read_ledger
from controller.cli.options import SYSTEM
from controller.cli.voice import Voice
from controller.keyring import site_keys
from controller.record.words import words
from controller.setup.people import Given
from controller.setup.plan import Plan
from controller.setup.standing import Standing, standing
from controller.setup.template import write_new
from controller.site import settings_of


class Refused(Exception):
    """The rules said no to a step."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(answer["code"])
        self.answer = answer


@dataclass
class Steps:
    """The steps of one run, for a data directory as it stood."""

    voice: Voice
    data: Path
    there: Standing
    plan: Plan

    def __post_init__(self) -> None:
        self._steps: dict[str, str] = {}

    def run(self) -> int:
        """Does what is missing and says what comes next; the exit code."""
        try:
            self._settings()
            self._keys()
            for given in self.plan.operators:
                self._operator(given)
            self._people()
            self._dashboard()
        except Refused as refused:
            code, place = refused.answer["code"], refused.answer["place"]
            self.voice.refusal(self.voice.text("setup.refused", why=words(code, self.voice.lang, "code"), place=place))
            self.voice.answer({"code": code, "place": place, "steps": self._steps})
            return FOUND
        self._end()
        return DONE

    def _settings(self) -> None:
        if self.plan.settings:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = write_new(self.data / "site.toml", self.plan.settings)
            self._said("settings", new, file=self.data / "site.toml")
        else:
            self._said("settings", False, file=self.data / "site.toml")
        self._facility = settings_of(self.data)

    def _keys(self) -> None:
        """Made where there are none; those that systemd keeps are the controller's, and not for us to read."""
        if not self.there.keys and (self.data / LEDGER).exists():
            self._public = ""
            self._said("keys_elsewhere", False)
            return
        self._public = site_keys(self.data).site.public.text()
        self._said("keys", not self.there.keys, file=self.data / "keys")

    def _operator(self, given: Given) -> None:
        asked = {"name": given.name, "roles": given.roles, "scope": ["*"], "person": None}
        number = self._done("operator.add", asked)[0]["operator"]
        roles = ", ".join(words(role, self.voice.lang, "role") for role in given.roles)
        self.voice.say("setup.operator", number=number, roles=roles, style="green")

    def _people(self) -> None:
        self._now = standing(self.data, read_ledger(self.data) if (self.data / LEDGER).exists() else None)
        if self.plan.alone:
            self._done("start.alone", {"operator": min(self._now.operators)})
            self._now = standing(self.data, read_ledger(self.data))
        if self._now.alone:
            self._said("alone", self.plan.alone)
        else:
            self._said("operators", bool(self.plan.operators), count=len(self._now.operators))

    def _dashboard(self) -> None:
        if self.plan.dashboard is not None:
            self._done("trust", {"key": self.plan.dashboard.text()})
        if self.plan.dashboard is not None or self.there.dashboards:
            self._said("dashboard", self.plan.dashboard is not None)

    def _done(self, command: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        answer = ask_controller(self.data, command, arguments)
        if answer["code"] is not None:
            raise Refused(answer)
        records: list[dict[str, Any]] = answer["records"]
        return records

    def _said(self, step: str, done: bool, **values: object) -> None:
        """One line on a step: done now, or there already."""
        self._steps[step] = "done" if done else "kept"
        sign = self.voice.text("setup.now" if done else "setup.already")
        self.voice.line(sign + self.voice.text(f"setup_step.{step}", **values), style="green" if done else "")

    # What comes next

    def _end(self) -> None:
        site, voice = self._facility.id, self.voice
        following = self._following(site)
        if self._public:
            voice.line("")
            voice.say("trust.site_key", site=site)
            voice.line(f"  {self._public}")
        if self._now.alone:
            voice.line("")
            voice.say("setup.alone_next" if len(self._now.operators) < 2 else "setup.review_next", style="yellow")
        voice.line("")
        for where in dict.fromkeys(where for where, _ in following):
            voice.say(f"setup_next.{where}")
            for line in (line for place, line in following if place == where):
                voice.line(f"  {line}")
        operators = [{"operator": number, "roles": given.roles} for number, given in self._now.operators.items()]
        voice.answer(
            {
                "code": None,
                "site": site,
                "site_key": self._public or None,
                "steps": self._steps,
                "operators": operators,
                "alone": self._now.alone,
                "next": [line for _, line in following],
            }
        )

    def _following(self, site: str) -> list[tuple[str, str]]:
        """Where and what to type next, in this order."""
        data = "" if self.data == SYSTEM else f" --data {self.data}"
        lines = []
        if not self._now.dashboards and self.plan.dashboard is None:
            lines += [("there_first", "sekimori-dashboard key"), ("here_first", f"sekimori trust LINE{data}")]
        if self._now.alone and len(self._now.operators) < 2:
            lines.append(("here_first", f"sekimori setup --operator manager=NAME{data}"))
        if self._public:
            lines.append(("there", f"sekimori-dashboard trust {self._public} --site {site}"))
        lines += [
            ("there", f"sekimori-dashboard create-operator NAME --site {site} --operator {number}  # {' '.join(one.roles)}")
            for number, one in self._now.operators.items()
        ]
        lines += [
            ("there", "sekimori-dashboard run"),
            ("here", f"sekimori check{data}"),
            ("here", f"sekimori run{data}"),
        ]
        reader = next(iter(self._facility.readers))
        return [*lines, ("then", f"sekimori enroll --person 1 --reader {reader}{data}")]
