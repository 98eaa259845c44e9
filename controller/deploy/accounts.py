"""Who may connect to the broker, and what each may say and hear there: least privilege by topic and direction.

Nobody is anonymous, and what stands here for nobody is denied. A site speaks under its own prefix alone; a dashboard hears
what its sites say to everybody and to it, and speaks on three topics of theirs. The broker is trusted with delivery only:
all of this keeps noise out, it is not what the signatures stand on (design §5).
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from controller.record.topics import Topics

_SITE = re.compile(r"[a-z][a-z0-9-]{0,31}")
_DASHBOARD = re.compile(r"[0-9a-f]{16}")
_HASH = re.compile(r"\$7\$([1-9][0-9]{0,6})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)")
_ITERATIONS = 1000
"""Of PBKDF2. A secret here is 256 random bits, which no number of guesses finds; the broker waits for this at each connect."""


class BadName(ValueError):
    """A site or dashboard that cannot be one."""


@dataclass(frozen=True, slots=True)
class SiteAccount:
    """A controller at the broker."""

    site: str

    @property
    def user(self) -> str:
        """What it signs in as."""
        return f"site-{self.site}"

    def topics(self) -> Iterator[tuple[str, str]]:
        """Direction and filter of everything it may do."""
        at = Topics(self.site)
        for said in (at.record, at.checkpoint, at.key, at.online, at.recover, at.state("+", "#"), at.private("+", "#")):
            yield "write", said
        yield "write", at.reply("+")
        yield "write", at.resent("+")
        yield "write", at.answered("+")
        for heard in (at.request, at.witnessed("+"), at.recovered("+")):
            yield "read", heard
        yield "read", at.checkpoint  # what the broker keeps of it shows a ledger that lost its tail
        yield "readwrite", at.probe("#")


@dataclass(frozen=True, slots=True)
class DashboardAccount:
    """A dashboard at the broker: the id of its key, and the sites that it follows."""

    id: str
    sites: tuple[str, ...]

    @property
    def user(self) -> str:
        """What it signs in as."""
        return f"dashboard-{self.id}"

    def topics(self) -> Iterator[tuple[str, str]]:
        """Direction and filter of everything it may do."""
        for site in self.sites:
            at = Topics(site)
            for heard in (at.record, at.checkpoint, at.key, at.online, at.recover, at.state("+", "#")):
                yield "read", heard
            yield "read", at.private(self.id, "#")
            yield "read", at.reply(self.id)
            yield "read", at.resent(self.id)
            yield "read", at.answered(self.id)
            for said in (at.request, at.witnessed(self.id), at.recovered(self.id)):
                yield "write", said


Account = SiteAccount | DashboardAccount


def accounts(sites: Iterable[str], dashboards: Iterable[str]) -> list[Account]:
    """The accounts of these sites and dashboards. A dashboard is `ID`, or `ID=SITE,SITE` for some of them. Raises BadName."""
    known = tuple(dict.fromkeys(sites))
    for site in known:
        if not _SITE.fullmatch(site):
            raise BadName(f"--site {site!r}: lower-case letters, digits and -, at most 32")
    made: dict[str, Account] = {site: SiteAccount(site) for site in known}
    for said in dashboards:
        account = _dashboard(said, known)
        if made.setdefault(account.user, account) is not account:
            raise BadName(f"--dashboard {account.id}: stands twice")
    return list(made.values())


def _dashboard(said: str, known: tuple[str, ...]) -> DashboardAccount:
    id, given, chosen = said.partition("=")
    if not _DASHBOARD.fullmatch(id):
        raise BadName(f"--dashboard {id!r}: 16 digits 0-9a-f, as `sekimori-dashboard key --json` says it")
    sites = tuple(dict.fromkeys(chosen.split(","))) if given else known
    for site in sites:
        if site not in known:
            raise BadName(f"--dashboard {said}: no --site {site!r}")
    return DashboardAccount(id, sites)


def acl_text(everybody: Iterable[Account]) -> str:
    """The broker's `acl_file`."""
    lines = ["# Made by `sekimori deploy mosquitto`. What does not stand here is denied."]
    for account in everybody:
        lines += ["", f"user {account.user}", *(f"topic {way} {topic}" for way, topic in account.topics())]
    return "\n".join(lines) + "\n"


# Secrets ---------------------------------------------------------------------------------------------------------------


def new_secret() -> str:
    """A password that nobody has to remember: 256 bits, in letters that survive every file and prompt."""
    return secrets.token_urlsafe(32)


def password_line(user: str, secret: str) -> str:
    """A line of the broker's `password_file`, as `mosquitto_passwd` of Mosquitto 2 writes it."""
    salt = secrets.token_bytes(12)
    return f"{user}:$7${_ITERATIONS}${_b64(salt)}${_b64(_derive(secret, salt, _ITERATIONS))}"


def opens(line: str, secret: str) -> bool:
    """Whether a line of a `password_file` is of this secret."""
    found = _HASH.fullmatch(line.partition(":")[2])
    if found is None:
        return False
    iterations, salt, derived = int(found[1]), *(base64.b64decode(part) for part in found.groups()[1:])
    return hmac.compare_digest(_derive(secret, salt, iterations), derived)


def passwords_text(secrets_by_user: Mapping[str, str | None], before: str = "") -> str:
    """The broker's `password_file`. Lines of `before` stay where they still hold; None for a secret that is with its owner."""
    old = lines_by_user(before)
    lines = []
    for user, secret in secrets_by_user.items():
        line = old.get(user, "")
        lines.append(line if secret is None or opens(line, secret) else password_line(user, secret))
    return "\n".join(lines) + "\n"


def lines_by_user(passwords: str) -> dict[str, str]:
    """The lines of a `password_file`."""
    return {line.partition(":")[0]: line for line in passwords.splitlines() if line}


def _derive(secret: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, iterations)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
