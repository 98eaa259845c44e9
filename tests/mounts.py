"""Small file systems of their own for tests: a tmpfs that fills up, an ext4 on a loop device that fails. Root only.

Where mounting is not permitted the test that asks for one is skipped, and says that this is what it lacks.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PATH": path})


def _do(*command: str | Path) -> None:
    done = _run(*command)
    if done.returncode:
        pytest.skip(f"needs permission to mount: {' '.join(map(str, command))}: {done.stderr.strip()}")


@contextmanager
def tmpfs(at: Path, size_kb: int) -> Iterator[Path]:
    """A tmpfs of so many kilobytes, over what the folder holds, with a copy of that in it."""
    kept = at.with_name(at.name + ".kept")
    at.mkdir(exist_ok=True)
    shutil.copytree(at, kept)
    _do("mount", "-t", "tmpfs", "-o", f"size={size_kb}k,mode=0700", "tmpfs", at)
    try:
        shutil.copytree(kept, at, dirs_exist_ok=True)
        yield at
    finally:
        _run("umount", "-l", at)


@contextmanager
def failing_disk(at: Path, size_mb: int = 24) -> Iterator["LoopDisk"]:
    """An ext4 file system on a loop device, over what the folder holds, with a copy of that in it."""
    kept, image = at.with_name(at.name + ".kept"), at.with_name(at.name + ".img")
    at.mkdir(exist_ok=True)
    shutil.copytree(at, kept)
    with image.open("wb") as file:
        file.truncate(size_mb << 20)
    _do("mkfs.ext4", "-q", "-O", "^has_journal", image)
    disk = LoopDisk(at, image)
    disk.mount()
    try:
        shutil.copytree(kept, at, dirs_exist_ok=True)
        at.chmod(0o700)
        yield disk
    finally:
        while _run("umount", "-l", at).returncode == 0:
            pass


class LoopDisk:
    """A file system that can turn itself read-only, as a dying card does, and be replaced by a copy of itself."""

    def __init__(self, at: Path, image: Path) -> None:
        self.at = at
        self.image = image

    def mount(self) -> None:
        """Puts it into its place."""
        _do("mount", "-o", "loop,errors=remount-ro", self.image, self.at)

    def fail(self) -> None:
        """The kernel finds an error in it: from now on it is read-only, also for whoever has a file open."""
        device = _run("findmnt", "-no", "SOURCE", self.at).stdout.strip()
        trigger = Path("/sys/fs/ext4") / Path(device).name / "trigger_fs_error"
        if not trigger.exists():
            pytest.skip(f"needs {trigger} to make a file system fail")
        _run("sync", "-f", self.at)  # without a journal a name that was never written back would be lost as well
        trigger.write_text("1")

    def replace(self) -> None:
        """Takes it away and mounts a repaired copy in its place, under whoever still looks there."""
        copy = self.image.with_suffix(".copy")
        shutil.copy(self.image, copy)
        _run("e2fsck", "-fy", copy)
        _run("umount", "-l", self.at)
        self.image = copy
        self.mount()


def remount(at: Path, how: str) -> None:
    """Remounts it `ro` or `rw`."""
    done = _run("mount", "-o", f"remount,{how}", at)
    assert done.returncode == 0, done.stderr


def fill(at: Path, leave: int = 0) -> None:
    """Fills the file system but for so many bytes."""
    filler = at / "filler"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while (space := _free(at) - leave) > 0:
            file.write(bytes(min(space, 1 << 16)))
        while not leave:  # what statvfs says is not exact to the page
            file.write(bytes(4096))


def drain(at: Path) -> None:
    """Gives the space back."""
    (at / "filler").unlink()


def _free(at: Path) -> int:
    state = os.statvfs(at)
    return state.f_bavail * state.f_frsize
