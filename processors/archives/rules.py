"""Limits of an archive, and the words in which it is refused."""

from dataclasses import dataclass

from base.errors import ErrorCode, Refusal


@dataclass(frozen=True, slots=True)
class ArchiveRules:
    """How much of an archive is opened.

    Attributes:
        subject: What people call it, at the beginning of a sentence.
        advice: A sentence that says what to do instead of an unsafe one.
        max_members: Entries of its directory.
        max_unpacked_bytes: Of all members together, as the directory declares them.
        max_ratio: Times the packed size that members may unpack to, all together and each.
        ratio_from_bytes: What unpacks to less has no ratio: a blank page packs very well.
    """

    subject: str = "The archive"
    advice: str = "Pack the files anew and upload it again."
    max_members: int = 20_000
    max_unpacked_bytes: int = 2**50
    max_ratio: int = 200
    ratio_from_bytes: int = 32 * 2**20

    def damaged(self) -> Refusal:
        """The refusal of an archive that cannot be opened."""
        return Refusal(ErrorCode.CORRUPT_FILE, f"{self.subject} is damaged or was not uploaded completely.")

    def unsafe(self, what: str) -> Refusal:
        """The refusal of an archive that nobody should open; `what` goes on from its subject."""
        return Refusal(ErrorCode.UNSAFE_ARCHIVE, f"{self.subject} {what}. {self.advice}")

    def is_bomb(self, unpacked: int, packed: int) -> bool:
        """Whether so many bytes come from so few."""
        return unpacked > self.ratio_from_bytes and unpacked > self.max_ratio * max(packed, 1)
