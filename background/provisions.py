"""Provisions of the operator for the work: files and folders for processors, and prices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from base.settings import Settings


@dataclass(frozen=True, slots=True)
class Provisions:
    """What calls are given besides their jobs.

    Attributes:
        resources: See `processors.contract.Work.resources`.
        minute_price: What a minute of sound costs, in whatever money the operator counts.
    """

    resources: Mapping[str, Path] = field(default_factory=dict)
    minute_price: float = 0.0

    @classmethod
    def of(cls, settings: Settings) -> "Provisions":
        """As the settings say."""
        return cls(settings.resources, settings.audio_minute_price)


NO_PROVISIONS = Provisions()
