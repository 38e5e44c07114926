"""Names of members: shown to people, sorted naturally, never used as paths."""

import re
import unicodedata
import zipfile

UTF8_FLAG = 0x800
SHOWN_CHARACTERS = 200
SYSTEM_NAMES = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})
SYSTEM_FOLDERS = frozenset({"__macosx"})
DRIVE = re.compile(r"[A-Za-z]:")
NUMBER = re.compile(r"([0-9]+)")
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uff01-\uff9f]")


def decode_name(entry: zipfile.ZipInfo) -> str:
    """The whole name of `entry`: UTF-8 where it says so or can be, Shift-JIS where that is Japanese, else cp437."""
    if entry.flag_bits & UTF8_FLAG:
        return entry.orig_filename
    raw = entry.orig_filename.encode("cp437", "replace")
    for encoding in ("utf-8", "cp932"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or JAPANESE.search(text):
            return text
    return entry.orig_filename


def show_name(name: str) -> str:
    """`name` for people: one line, without control and direction characters, at most 200 characters."""
    text = "".join("�" if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else letter for letter in name)
    return text if len(text) <= SHOWN_CHARACTERS else "…" + text[1 - SHOWN_CHARACTERS :]


def find_danger(name: str) -> str | None:
    """Why `name` would be dangerous as a path, going on from "It has a name that"; None for an honest one."""
    parts = re.split(r"[/\\]", name)
    if "\0" in name:
        return "holds a NUL character"
    if DRIVE.match(name):
        return "begins with a drive"
    if name.startswith(("/", "\\")):
        return "is absolute"
    if ".." in parts:
        return "climbs out of its folder"
    return None


def is_system_file(name: str) -> bool:
    """Whether an operating system put it there: __MACOSX, ._*, .DS_Store, Thumbs.db, desktop.ini."""
    *folders, last = re.split(r"[/\\]", name.lower())
    return last in SYSTEM_NAMES or last.startswith("._") or not SYSTEM_FOLDERS.isdisjoint(folders)


def natural_key(name: str) -> tuple[object, ...]:
    """Sorts page2 before page10, folder by folder, upper and lower case alike."""
    parts = re.split(r"[/\\]", unicodedata.normalize("NFC", name).casefold())
    return tuple(tuple(_pieces(part)) for part in parts), name


def _pieces(part: str) -> list[tuple[int, int, str]]:
    pieces = NUMBER.split(part)
    return [(0, int(piece[:4000]), piece) if place % 2 else (1, 0, piece) for place, piece in enumerate(pieces)]
