"""What `sekimori-dashboard certificate` does and says: makes and renews under the own authority, and tells how all stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dashboard.config import Config
from dashboard.tls import certificate
from dashboard.tls.authority import FOLDER, Authority, BadName, plain_names, replace_file
from dashboard.tls.certificate import WARN_BEFORE, Facts

CA_KEY, CA, SERVER = "ca.key", "ca.pem", "server.pem"

NONE = (
    "証明書がありません。作るには --name にブラウザーから見える名前かアドレスを付けてください。",
    "There is no certificate. To make one, name the host as browsers see it with --name.",
)


class NoCertificate(ValueError):
    """There is none yet, and no name to make one for."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands: the server's certificate, the authority's where it is our own, and whether the pages use them."""

    server: Facts
    authority: Facts | None
    in_use: bool
    now: datetime

    @property
    def days(self) -> int:
        """Days that the server's certificate still lasts."""
        return self.server.days_left(self.now)

    @property
    def ends_soon(self) -> bool:
        """Whether somebody has to act."""
        return any(one.left(self.now) < WARN_BEFORE for one in (self.server, self.authority) if one is not None)

    def facts(self) -> dict[str, object]:
        """For programs."""
        own = self.authority
        return {
            "names": self.server.names,
            "fingerprint": self.server.fingerprint,
            "ends_at": self.server.ends_at.isoformat(),
            "days_left": self.days,
            "ca_fingerprint": own and own.fingerprint,
            "ca_ends_at": own and own.ends_at.isoformat(),
            "in_use": self.in_use,
        }


def make(data: Path, names: Sequence[str], now: datetime, *, new_ca: bool = False) -> None:
    """Issues a certificate under the folder's authority, made now if there is none or a new one is asked for.

    Without names, for those of the present certificate. Raises NoCertificate, BadName, BadAuthority, OSError.
    """
    folder = data / FOLDER
    if not names and not (folder / SERVER).is_file():
        raise NoCertificate
    wanted = plain_names(names or certificate.read(folder / SERVER).names)
    fresh = new_ca or not (folder / CA_KEY).exists()
    authority = Authority.make(wanted, now) if fresh else Authority.load(folder / CA_KEY)
    issued = authority.issue(wanted, now)
    if fresh:
        replace_file(folder / CA_KEY, authority.pem(), 0o600)
    replace_file(folder / CA, authority.certificate_pem(), 0o644)
    replace_file(folder / SERVER, issued, 0o600)


def stand(config: Config, now: datetime) -> Standing:
    """How the configured certificate stands, or the own one while none is configured. Raises NoCertificate, OSError."""
    folder = config.data / FOLDER
    path = config.tls.certificate if config.tls is not None else folder / SERVER
    if not path.is_file():
        raise NoCertificate
    server = certificate.load(path)
    authority = None
    if (folder / CA).is_file():
        own = certificate.load(folder / CA)
        if own.subject == server.issuer:
            authority = certificate.facts_of(own)
    return Standing(certificate.facts_of(server), authority, config.tls is not None, now)


def said_of(error: BadName) -> tuple[str, str]:
    """Why these names get no certificate."""
    names = ", ".join(error.names)
    if error.why == "constraint":
        return (
            f"この認証局は {names} の証明書を出せません。名前を変えるには --new-ca を付けます（全員が認証局を入れ直します）。",
            f"This authority cannot sign for {names}. For other names add --new-ca; everybody then installs it again.",
        )
    return (f"ホスト名でもアドレスでもありません：{names}", f"Neither host names nor addresses: {names}")


def told(state: Standing) -> tuple[str, str]:
    """The standing in Japanese and English, and what to do next."""
    names = ", ".join(state.server.names)
    day = state.server.ends_at.date().isoformat()
    ja = [f"証明書：{names}", f"有効期限：{day}（あと{state.days}日）"]
    en = [f"Certificate: {names}", f"Valid until {day} ({state.days} days left)"]
    if state.authority is not None:
        print_ = state.authority.fingerprint
        ja += [
            f"認証局の指紋（SHA-256）：{print_}",
            "各自の端末に認証局を一度だけ入れます。入れ方はダッシュボードの /certificate にあります。",
        ]
        en += [
            f"Authority's fingerprint (SHA-256): {print_}",
            "Everybody installs the authority once on their device; /certificate at the dashboard says how.",
        ]
    if state.ends_soon:
        ja.append("まもなく切れます。更新するには：sekimori-dashboard certificate --renew")
        en.append("It ends soon. To renew it: sekimori-dashboard certificate --renew")
    if not state.in_use:
        lines = f'[tls]\ncertificate = "{FOLDER}/{SERVER}"\nca = "{FOLDER}/{CA}"'
        ja.append(f"dashboard.toml に次を書き、listen を開けて再起動してください。\n{lines}")
        en.append(f"Write this into dashboard.toml, open `listen`, and restart:\n{lines}")
    return "\n".join(ja), "\n".join(en)
