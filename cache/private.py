"""A folder of one's own, and what to do where there cannot be one."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

VARIABLE = "EXPLORER_CACHE"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_FULL = {errno.ENOSPC, errno.EDQUOT}
_IN_THE_WAY = {errno.ENOTDIR, errno.EEXIST, errno.ELOOP}


class Unkept(OSError):
    """Nothing can be kept in a folder; the message says why in a few words, `advice` what else to do than move it."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(None, reason)
        self.advice = advice


def expanded(folder: str | os.PathLike[str]) -> Path:
    """The folder from the root on; ~ is the home. One of a user who does not exist stays as it is written."""
    try:
        return Path(folder).expanduser().absolute()
    except RuntimeError:
        return Path(folder)


def names_nobody(folder: str | os.PathLike[str]) -> bool:
    """Whether it is in the home of a user who does not exist, or has none."""
    return str(expanded(folder)).startswith("~")


def is_trusted(file: Path | int) -> bool:
    """Whether a file or folder, or an open file by its number, is one's own and not for everybody to write to.

    For the owner's group to write is common, and does no harm below a private folder. Raises OSError.
    """
    if os.name != "posix":
        return True
    status = os.stat(file)
    return status.st_uid == os.getuid() and not status.st_mode & stat.S_IWOTH


def make_private(folder: Path, *within: str) -> None:
    """Create the folder for its owner alone, or refuse one that others could have written to. Raises OSError.

    Refused as well is a folder `within` it that is another user's, or that everybody may write to.
    """
    if names_nobody(folder):
        raise Unkept("there is no such user, or no home of that user")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.name != "posix":
        return
    status = folder.stat()
    if status.st_uid != os.getuid():
        raise Unkept("the folder belongs to another user")
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        writable = status.st_mode & _OTHERS_WRITE
        if writable and any(folder.iterdir()):
            raise Unkept("other users can write to the folder", "Remove it if what is in it is not needed")
        with suppress(OSError):  # a disk that is read-only by now can still be read
            folder.chmod(0o700)
        if folder.stat().st_mode & _OTHERS_WRITE:  # as on the drives of Windows under WSL, and on network shares
            raise Unkept("the drive lets other users write to the folder, whatever its permissions say")
    for name in within:
        if (folder / name).exists() and not is_trusted(folder / name):
            raise Unkept(f"everybody can write to the folder {name} in it, or it is another user's", "Remove it")


def why_unwritten(folder: Path, size: int) -> OSError:
    """The likely reason why so many bytes have not reached the folder, though nothing was raised."""
    try:
        free = shutil.disk_usage(folder).free
        if free < size:
            return OSError(errno.ENOSPC, f"the disk is full: {free:,} bytes are free, {size:,} are needed")
        if not os.access(folder, os.W_OK):
            return OSError(errno.EROFS, "the folder is read-only")
    except OSError as error:
        return error
    return Unkept("the disk may be full or read-only", "Make room on it")


def advice(error: Exception, folder: Path) -> str:
    """What to do about it, in a sentence."""
    first = getattr(error, "advice", "")
    number = getattr(error, "errno", None)
    if number in _FULL:
        first = "Make room on the disk"
    elif number in _IN_THE_WAY:
        first = "Remove or rename what is in its place, which is no folder"
    start = f"{first}, or set" if first else "Set"
    own = f"a folder of your own, such as {_example(folder)}, and start again"
    return f"{start} the environment variable {VARIABLE} to {own}."


def _example(folder: Path) -> Path:
    """A folder in the home, other than the one in question."""
    try:
        home = Path.home()
    except RuntimeError:
        home = Path("/home/you")
    usual = home / ".cache" / "pruning-explorer"
    return usual if usual != folder else home / "pruning-explorer"
