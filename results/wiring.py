"""Services of this room, built once at start."""

from dataclasses import dataclass, field
from pathlib import Path

from auth.signatures import Signer
from jobs.retention import Retention
from results.checksums import Checksums
from storage.ports import BlobStore


@dataclass(frozen=True)
class ResultServices:
    """Everything that handing out works with.

    Attributes:
        retention: How long results are kept.
        guides: The folder of the guides; it need not be there.
    """

    storage: BlobStore
    signer: Signer
    retention: Retention
    guides: Path
    checksums: Checksums = field(default_factory=Checksums)
