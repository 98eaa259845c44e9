"""Putting a backup in place: decrypted and checked in a folder beside the data directory, which then becomes it by its name.

Killed at any time, the data directory is either what it was, or missing, or all of the backup: the next `restore` begins
anew. What was there before is moved aside and never deleted. The marker `restored.json` makes the next start compare itself
with the dashboards that witnessed this ledger, because they may know records that came after the backup (design §4).
"""

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pyrage

from controller.backup.archive import LEDGER, SETTINGS, BadBackup, Manifest, Unpacked
from controller.backup.comparison import Difference, compare
from controller.backup.taking import SPARE, Progress, Step
from controller.ledger.database import drop_actors
from controller.ledger.ledger import Ledger, WrongLedger, hold
from controller.ledger.report import Report
from controller.ledger.verify import verify_file
from controller.record.keys import BadKey, KeyPair, sync_folder, write_secret
from controller.record.note import VerifierKey, origin

RESTORED = "restored.json"


class Marker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`restored.json`: when it was restored, and the ledger's size, root (hex), epoch and newest checkpoint then."""

    at: str
    size: int
    root: str
    epoch: int
    note: str


class Wanted(msgspec.Struct, frozen=True):
    """What to restore and where to. `site`: the id that the data directory has now; `key`: a verifier key kept elsewhere."""

    file: Path
    identities: list[pyrage.x25519.Identity]
    data: Path
    replace: bool = False
    dry_run: bool = False
    site: str | None = None
    key: VerifierKey | None = None


class Restored(msgspec.Struct, frozen=True):
    """What was done, or with a dry run would be. `moved`: where the old data directory is now."""

    manifest: Manifest
    difference: Difference
    report: Report
    moved: str | None
    dry_run: bool


def restore(
    wanted: Wanted, at: str, stamp: str, check: Callable[[Path], str], told: Progress, reached: Step
) -> Restored:
    """Restores everything or nothing. `check` reads the settings in a folder and answers the site's id.

    `stamp` names the old directory when it is moved aside. Raises BadBackup, LedgerInUse, OSError, sqlite3.Error.
    """
    data = wanted.data.resolve()
    _may_restore(data, wanted)
    with contextlib.ExitStack() as held:
        if (data / LEDGER).exists() and not wanted.dry_run:
            held.callback(os.close, hold(data / LEDGER))
        staging = held.enter_context(_staging(data))
        manifest = _unpack(wanted, staging, told)
        reached("unpacked")
        if check(staging) != manifest.site:
            raise BadBackup("content", f"{SETTINGS} is not that of {manifest.site}")
        report = _examine(staging, manifest, wanted.key, told)
        difference = compare(manifest, staging, data)
        reached("verified")
        if wanted.dry_run:
            return Restored(manifest, difference, report, None, True)
        told("fold", 0, 0)
        _fold_anew(staging, manifest)
        marker = Marker(at, manifest.size, manifest.root, manifest.epoch, manifest.note)
        write_secret(staging / RESTORED, msgspec.json.encode(marker))
        _settle(staging, data)
        reached("ready")
        moved = _swap(staging, data, stamp, reached)
    return Restored(manifest, difference, report, moved, False)


def _may_restore(data: Path, wanted: Wanted) -> None:
    if not data.exists():
        return
    if (data / LEDGER).exists():
        if not (wanted.replace or wanted.dry_run):
            raise BadBackup("holds_ledger", f"{data} holds a ledger")
    elif any(data.iterdir()) and not (data / SETTINGS).exists():
        raise BadBackup("no_data_directory", f"{data} holds other things than a site")


@contextmanager
def _staging(data: Path) -> Iterator[Path]:
    """A folder beside the data directory, ours alone and empty; what is left of it at the end is removed."""
    folder = data.with_name(f".{data.name}.restoring")
    data.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _empty(folder)
        yield folder
    except BlockingIOError as error:
        raise BadBackup("holds_ledger", f"{folder}: another restore is under way") from error
    finally:
        if folder.exists() and os.path.samestat(os.fstat(handle), folder.stat()):
            shutil.rmtree(folder)
        os.close(handle)


def _empty(folder: Path) -> None:
    for item in folder.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()


def _unpack(wanted: Wanted, staging: Path, told: Progress) -> Manifest:
    """Decrypts the members into the folder, each as the manifest says it."""
    total, done = wanted.file.stat().st_size, 0

    def begin(manifest: Manifest) -> None:
        if wanted.site not in (None, manifest.site):
            raise BadBackup("other_site", f"a backup of {manifest.site}, not of {wanted.site}")
        if wanted.key is not None and wanted.key.name.rpartition("/")[0] != origin(manifest.site, 0).rpartition("/")[0]:
            raise BadBackup("other_site", f"a backup of {manifest.site}; the key is that of {wanted.key.name}")
        needed = sum(member.size for member in manifest.members) + SPARE
        if needed > (free := shutil.disk_usage(staging).free):
            raise BadBackup("space", f"{staging.parent}: {needed} bytes are needed, {free} are free")

    def came(count: int) -> None:
        nonlocal done
        done += count
        told("read", min(done, total), total)

    unpacked = Unpacked(staging, begin, came)
    try:
        with wanted.file.open("rb") as file:
            pyrage.decrypt_io(file, unpacked, wanted.identities)
    except pyrage.DecryptError as error:
        if unpacked.error is None:
            why = "identity" if "matching" in str(error) else "damaged"
            raise BadBackup(why, f"{wanted.file}: {error}") from error
        raise unpacked.error from error
    except OSError as error:  # age's word for a chunk that does not check, too
        if error.errno is None and unpacked.error is None:
            raise BadBackup("damaged", f"{wanted.file}: cut off, or changed") from error
        raise unpacked.error or error from error
    finally:
        unpacked.close()
    return unpacked.finish()


def _examine(staging: Path, manifest: Manifest, key: VerifierKey | None, told: Progress) -> Report:
    """The ledger verified under the backup's own key, or the one given; nothing in its schema may act by itself."""
    told("verify", 0, 0)
    ledger = staging / LEDGER
    try:
        drop_actors(ledger)
        own = VerifierKey(origin(manifest.site, manifest.epoch), KeyPair.load(staging / "keys/site.key").public.signing)
    except (BadKey, sqlite3.DatabaseError) as error:
        raise BadBackup("content", str(error)) from error
    report = verify_file(ledger, notes=[manifest.note], key=key or own)
    if not report.ok:
        raise BadBackup("content", f"{LEDGER}: {report.findings[0].text}")
    found = (report.origin, report.count, report.covered, report.root)
    if found != (own.name, manifest.size, manifest.size, manifest.root):
        raise BadBackup(
            "content", f"{LEDGER}: not the records that the manifest names, or no checkpoint over all of them"
        )
    return report


def _fold_anew(staging: Path, manifest: Manifest) -> None:
    """The tables from the records alone: what else a backup's tables say was never decided."""
    try:
        ledger = Ledger(staging / LEDGER, manifest.site)
    except WrongLedger as error:
        raise BadBackup("content", str(error)) from error
    try:
        ledger.rebuild()
    finally:
        ledger.close()
    (staging / LEDGER).with_suffix(".lock").unlink(missing_ok=True)


def _settle(staging: Path, data: Path) -> None:
    """Everything durable, and of the data directory's owner where there is one and we may say so."""
    owner = data.stat() if data.exists() and os.geteuid() == 0 else None
    for folder, _, files in os.walk(staging):
        for name in files:
            path = Path(folder) / name
            path.chmod(0o600)
            if owner is not None:
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
            with path.open("rb") as file:
                os.fsync(file.fileno())
        if owner is not None:
            os.chown(folder, owner.st_uid, owner.st_gid)
        sync_folder(Path(folder))


def _swap(staging: Path, data: Path, stamp: str, reached: Step) -> str | None:
    """The folder takes the data directory's name. Between the two renames there is none: nothing starts on half of it."""
    moved: Path | None = None
    if data.exists() and any(data.iterdir()):
        moved = data.with_name(f"{data.name}.replaced-{stamp}")
        if moved.exists():
            raise FileExistsError(None, "already there", str(moved))
        data.rename(moved)
        reached("aside")
    try:
        staging.rename(data)
    except OSError:
        if moved is not None:
            moved.rename(data)
        raise
    sync_folder(data.parent)
    reached("restored")
    return None if moved is None else str(moved)
