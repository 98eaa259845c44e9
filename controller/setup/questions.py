"""What the first `site.toml` has to say, question by question, and what is wrong with an answer by the site's own checker."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from controller.setup.template import site_toml

Answers = Mapping[str, str]
Checker = Callable[[str], Sequence[str]]
"""The mistakes in a `site.toml` of this text, each beginning with its key path."""

NONE = ("none", "なし", "-")
"""How somebody says that there is no such thing."""


@dataclass(frozen=True, slots=True)
class Question:
    """One answer of the first `site.toml`. `sample` stands there while others are checked before this one is answered."""

    key: str
    path: str
    sample: str
    default: str | None = None
    """What no answer means; None: an answer is needed."""

    def applies(self, answers: Answers) -> bool:
        """Whether it is asked at all, after these answers."""
        if self.key == "building":
            return any(answers.get(key, "").startswith("simulated:") for key in ("lock", "contact", "button"))
        return not self.key.startswith("broker_") or bool(answers.get("broker"))


QUESTIONS = (
    Question("site", "site.id", "site"),
    Question("name_ja", "site.name.ja", "名"),
    Question("name_en", "site.name.en", "name"),
    Question("timezone", "site.timezone", "Asia/Tokyo", "Asia/Tokyo"),
    Question("zone", "zone[1].id", "zone"),
    Question("zone_ja", "zone[1].name.ja", "名"),
    Question("zone_en", "zone[1].name.en", "name"),
    Question("portal", "portal[1].id", "portal"),
    Question("portal_ja", "portal[1].name.ja", "名"),
    Question("portal_en", "portal[1].name.en", "name"),
    Question("reader", "portal[1].reader[1].device", "nfc+usb:"),
    Question("lock", "portal[1].lock", "gpio:26"),
    Question("contact", "portal[1].contact", "gpio:27"),
    Question("button", "portal[1].exit_button", "", ""),
    Question("building", "simulation.building", "building.sock"),
    Question("broker", "broker.host", ""),
    Question("broker_user", "broker.user", "", ""),
    Question("broker_password_file", "broker.password_file", "", ""),
    Question("broker_ca_file", "broker.ca_file", "", ""),
)


def settled(question: Question, answer: str) -> str:
    """The answer as it is kept: stripped, and empty where somebody said that there is none."""
    answer = answer.strip()
    optional = question.default == "" or question.key == "broker"
    return "" if optional and answer.lower() in NONE else answer


def wrong(question: Question, answer: str, before: Answers, checker: Checker) -> str:
    """What is wrong with an answer, given those before it; empty when nothing is. The site's own checker says it."""
    if not answer.isprintable():
        return f"{question.path}: not printable"
    if not answer:
        needed = question.default != "" and question.key != "broker"
        return f"{question.path}: missing" if needed else ""
    if question.key == "broker" and (mistake := _broker(answer)):
        return f"{question.path}: {mistake}"
    samples = {other.key: other.sample for other in QUESTIONS}
    needs_building = {"building": "building.sock"} if not before.get("building") else {}
    mistakes = checker(site_toml({**samples, **before, **needs_building, question.key: answer}))
    return next((mistake for mistake in mistakes if mistake.startswith(f"{question.path}:")), "")


def _broker(answer: str) -> str:
    host, _, port = answer.rpartition(":") if answer.count(":") == 1 else (answer, "", "8883")
    if not host or " " in host or not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536):
        return f"{answer!r} is no HOST or HOST:PORT"
    return ""
