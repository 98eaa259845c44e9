"""Units for systemd: the controller, the dashboard, a backup every night, and the users they run as.

Keys and passwords reach the process as credentials (`LoadCredential=`): systemd reads them as root and shows them to this
one process. Those that are in the folder of keys when the units are made are named in them; the others stay in the data
directory.
"""

from dataclasses import dataclass
from pathlib import Path

from controller.deploy.folder import Folder

_UNITS = Path(__file__).with_name("units")
UNITS = ("sekimori.service", "sekimori-dashboard.service", "sekimori-backup.service", "sekimori-backup.timer")
USERS = "sekimori.conf"
FOLDERS = "sekimori-folders.conf"
CREDENTIALS = ("site.key", "cards.key", "pepper.key", "broker.password")
GROUPS = ("gpio", "dialout", "plugdev")
_STATE = Path("/var/lib")


class BadPath(ValueError):
    """A path that a unit cannot hold."""


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """Where things are. `groups`: those here that own pins, serial lines and USB; `keys`: where root keeps the keys."""

    program: Path
    data: Path
    dashboard_data: Path
    backups: Path
    keys: Path
    groups: tuple[str, ...]
    user: str = "sekimori"
    dashboard_user: str = "sekimori-dashboard"

    def unit(self, name: str) -> str:
        """One file. Raises BadPath."""
        for path in (self.program, self.data, self.dashboard_data, self.backups, self.keys):
            if not path.is_absolute() or any(letter in str(path) for letter in " \t\n%\"'\\$:"):
                raise BadPath(f"{path}: a unit takes absolute paths without blanks, quotes, %, $, : and \\")
            if path.is_relative_to("/home") or path.is_relative_to("/root"):
                raise BadPath(f"{path}: a service sees nothing below /home and /root; install it in /opt/sekimori")
        text = (_UNITS / name).read_text("utf-8").format(
            program=self.program, data=self.data, dashboard_data=self.dashboard_data, backups=self.backups,
            user=self.user, dashboard_user=self.dashboard_user, groups=" ".join(self.groups),
            credentials="\n".join(self._credentials()), state=_state(self.data),
            dashboard_state=_state(self.dashboard_data),
        )  # fmt: skip
        kept = [line for line in text.splitlines() if line not in ("StateDirectory=", "SupplementaryGroups=")]
        return "\n".join(kept) + "\n"

    def credentials(self) -> list[str]:
        """The names of those that are there now."""
        return [name for name in CREDENTIALS if (self.keys / name).exists()]

    def _credentials(self) -> list[str]:
        return [f"LoadCredential={name}:{self.keys / name}" for name in self.credentials()]


def _state(path: Path) -> str:
    """The directory that systemd makes and gives to the user; none outside /var/lib."""
    return str(path.relative_to(_STATE)) if path.is_relative_to(_STATE) and path != _STATE else ""


def write_units(folder: Folder, plan: ServicePlan) -> None:
    """Makes what is not there. Raises BadPath, OSError."""
    for name in UNITS:
        folder.public(f"systemd/system/{name}", plan.unit(name))
    folder.public(f"sysusers.d/{USERS}", plan.unit(USERS))
    folder.public(f"tmpfiles.d/{USERS}", plan.unit(FOLDERS))
