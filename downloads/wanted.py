"""Decide by an answer's headers whether its file is wanted."""

from base.units import size_text
from downloads.failures import FileSkipped, SkipReason
from downloads.media_types import PAGES, Category, category_of, extension_of, is_known_extension
from downloads.names import choose_name
from downloads.options import FetchOptions
from downloads.representation import Representation

_PLURALS = {
    Category.IMAGE: "images", Category.VIDEO: "videos", Category.ARCHIVE: "archives", Category.DOCUMENT: "documents",
    Category.OTHER: "other files",
}  # fmt: skip


def check_wanted(options: FetchOptions, file: Representation, *, is_page_wanted: bool = True) -> None:
    """Raises FileSkipped where the file is none that was asked for; a size or date that is unknown is no reason."""
    _check_page(file, is_page_wanted=is_page_wanted)
    _check_type(options, file)
    check_most(options, file.total or 0)
    if file.total is not None:
        check_least(options, file.total)
    _check_date(options, file)


def check_most(options: FetchOptions, size_bytes: int) -> None:
    """Raises FileSkipped where `size_bytes`, announced or come so far, are too many."""
    if options.max_bytes and size_bytes > options.max_bytes:
        message = f"The file is larger than maxFileSize ({size_text(options.max_bytes)})."
        raise FileSkipped(SkipReason.SIZE, message)


def check_least(options: FetchOptions, size_bytes: int) -> None:
    """Raises FileSkipped where a file of `size_bytes` is too small."""
    if size_bytes < options.min_bytes:
        message = f"The file is smaller than minFileSize ({size_text(options.min_bytes)})."
        raise FileSkipped(SkipReason.SIZE, message)


def check_link(options: FetchOptions, url: str) -> None:
    """Raises FileSkipped where the extension of a link is enough to know that its file is not wanted."""
    name = choose_name(None, url, None)
    if is_known_extension(extension_of(name)):
        _check_type(options, Representation(url, name))
    else:
        _check_extension(options, name)


def _check_page(file: Representation, *, is_page_wanted: bool) -> None:
    if file.content_type not in PAGES or file.promised_type in PAGES:
        return
    if file.promised_type is None and not is_page_wanted and not file.is_attachment:
        raise FileSkipped(SkipReason.PAGE, "The link leads to another page: only files are fetched from a page.")
    if file.promised_type is not None:
        message = "The server sent a page instead of the file: the link may have expired, or needs a sign-in."
        raise FileSkipped(SkipReason.PAGE, message)


def _check_type(options: FetchOptions, file: Representation) -> None:
    _check_extension(options, file.name)
    category = category_of(file.name, file.content_type)
    if category not in options.categories:
        raise FileSkipped(SkipReason.TYPE, f"The options leave {_PLURALS[category]} out.")


def _check_extension(options: FetchOptions, name: str) -> None:
    extension = extension_of(name)
    if extension in options.excluded_extensions:
        raise FileSkipped(SkipReason.EXTENSION, f"Files that end in .{extension} are excluded.")


def _check_date(options: FetchOptions, file: Representation) -> None:
    changed = file.modified_at
    if changed is None:
        return
    if options.date_from is not None and changed < options.date_from:
        raise FileSkipped(SkipReason.DATE, "The file changed before dateFrom.")
    if options.date_to is not None and changed > options.date_to:
        raise FileSkipped(SkipReason.DATE, "The file changed after dateTo.")
