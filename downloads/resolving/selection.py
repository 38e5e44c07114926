"""Select the files of a URL that are fetched: each once, within limits."""

from collections.abc import Iterable
from dataclasses import replace

from base.errors import Refusal
from downloads.failures import FileSkipped, SkipReason
from downloads.options import FetchOptions
from downloads.resolving.contract import MAX_FILES, MAX_NAMED, Resolution, ResolvedFile
from downloads.urls import Address, parse_address
from downloads.wanted import check_link

_BEYOND = f"The URL leads to more than {MAX_FILES:,} files: fetch the others by URLs of their own."


def select_files(found: Resolution, given: Address, options: FetchOptions) -> Resolution:
    """`found`, as a download takes it.

    Links that are no URLs of http and https go; what the options leave out, and what is beyond `MAX_FILES`, is skipped.

    Args:
        found: The answer of a resolver.
        given: The URL that it was asked about.
        options: Which files are wanted.
    """
    # a page that lies elsewhere was chosen by somebody else, and so are its links back
    is_own_page = found.final_url is None or parse_address(found.final_url).origin == given.origin
    named: dict[str, ResolvedFile] = {}
    wanted = unnamed = 0
    for file, address in _addressed(found.files):
        if str(address.url) in named:
            continue
        if len(named) == MAX_NAMED:
            unnamed += 1
            continue
        checked = _skip_by_name(file, options)
        if checked.will_download:
            wanted += 1
            if wanted > MAX_FILES:
                checked = replace(checked, skip_reason=SkipReason.LIMIT, skip_message=_BEYOND)
        is_first = is_own_page and address.origin == given.origin
        named[str(address.url)] = replace(checked, url=str(address.url), is_first_origin=is_first)
    return replace(found, files=tuple(named.values()), unnamed=found.unnamed + unnamed)


def _addressed(files: Iterable[ResolvedFile]) -> Iterable[tuple[ResolvedFile, Address]]:
    for file in files:
        try:
            yield file, parse_address(file.url)
        except Refusal:
            continue


def _skip_by_name(file: ResolvedFile, options: FetchOptions) -> ResolvedFile:
    if file.skip_reason is not None:
        return file
    try:
        check_link(options, file.url)
    except FileSkipped as skipped:
        return replace(file, skip_reason=SkipReason(skipped.reason), skip_message=skipped.message)
    return file
