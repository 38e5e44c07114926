"""Inputs of new downloads."""

import strawberry

from downloads import download_options
from downloads.lifecycle import NewDownloads
from schema.types.options import OptionsInput, with_options
from schema.types.work import check_priority, check_text


@strawberry.input(description="How files are fetched, and which are wanted; what is left out is as the defaults say.")
@with_options(download_options.DownloadOptions, without="url")
class DownloadOptionsInput(OptionsInput):
    """Becomes `downloads.download_options.DownloadOptions`."""


@strawberry.input(description="What is to be fetched.")
class StartDownloadsInput:
    """Goes to `downloads.lifecycle.start_downloads`."""

    urls: list[str] = strawberry.field(description="1 to 1,000, http or https; each becomes a download of its own.")
    options: DownloadOptionsInput | None = strawberry.field(default=None, description="The same for all of them.")
    title: str | None = strawberry.field(default=None, description="For people, of each; at most 500 characters.")
    external_id: str | None = strawberry.field(
        default=None,
        description="The client's own key: starting again with the same key returns the same download. With several URLs the "
        "position is appended: key/0, key/1 …; at most 255 characters with it.",
    )
    priority: int = strawberry.field(default=0, description="Higher goes first; -100 to 100.")

    def as_new_downloads(self) -> NewDownloads:
        """What downloads takes.

        Raises:
            Refusal: BAD_INPUT for what is too long or out of range.
        """
        check_text("title", self.title, 500)
        check_text("externalId", self.external_id, 255 - (len(f"/{len(self.urls)}") if len(self.urls) > 1 else 0))
        check_priority(self.priority)
        options = self.options.as_options() if self.options else {}
        return NewDownloads(self.urls, options, self.title, self.external_id, self.priority)
