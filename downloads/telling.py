"""Telling how a download stands: its transfers, their bytes, hosts and rate."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from base.errors import Refusal
from downloads.hosts import HostLimiter
from downloads.planned_file import PlannedFile
from downloads.progress import Meter
from downloads.representation import Representation
from downloads.urls import parse_address
from models.fields import now
from processors.contract import AssignedSlice, TransferState
from processors.transfers import ActiveItem, HostState


class Transfer:
    """One file on its way.

    Attributes:
        meter: Of its bytes.
        host: Where it is asked for now.
        file: What its server said of it; None before it did.
        is_coming: It has been answered, and its host has not asked to wait since.
    """

    def __init__(self, url: str) -> None:
        self.meter = Meter()
        self.host = _host_of(url)
        self.file: Representation | None = None
        self.is_coming = False

    @property
    def is_resumable(self) -> bool | None:
        return self.file.is_resumable if self.file else None

    @property
    def fraction(self) -> float:
        """0 to 1; 0 while the length is unknown."""
        total = self.meter.total_bytes
        return min(self.meter.received_bytes / total, 1.0) if total else 0.0

    @property
    def kept_bytes(self) -> int:
        """How many bytes a break keeps, about."""
        return self.meter.received_bytes if self.file is None or self.file.may_be_resumed else 0

    def set_file(self, file: Representation) -> None:
        self.file = file
        self.host = _host_of(file.url)
        self.is_coming = True

    def set_waiting(self, host: str, _seconds: float) -> None:
        self.host = host
        self.is_coming = False


def waiting_state(host: str, seconds: float) -> TransferState:
    """A download of which nothing is known yet, because the host asked to be left alone for so long."""
    hosts = [HostState(host, 0, now() + timedelta(seconds=seconds))]
    return TransferState(processed_bytes=0, hosts=hosts, message=_message_of(hosts))


class Teller:
    """Knows the transfers of one call, and tells of them all together.

    Args:
        hosts: Which hosts asked to wait.
        part: The files of the call.
        files: All of the slice.
        fetched_bytes: Of files that are complete already.
    """

    def __init__(
        self, hosts: HostLimiter, part: AssignedSlice, files: Sequence[PlannedFile], fetched_bytes: int
    ) -> None:
        self._hosts = hosts
        self._count = len(part.indices)
        self._is_alone = len(files) == 1
        self._fetched_bytes = fetched_bytes
        self._open = {index: files[index - part.first_index].size_bytes for index in part.indices}
        self._active: dict[int, Transfer] = {}
        self._latest: Transfer | None = None
        self._meter = Meter()
        self._meter.begin(fetched_bytes, None)

    @contextmanager
    def transferring(self, index: int, url: str) -> Iterator[Transfer]:
        """File `index` is on its way from `url` while the block lasts."""
        transfer = self._latest = self._active[index] = Transfer(url)
        try:
            yield transfer
        finally:
            self._active.pop(index, None)

    def end(self, index: int, size_bytes: int) -> None:
        """File `index` has ended, with so many bytes."""
        self._active.pop(index, None)
        self._open.pop(index, None)
        self._fetched_bytes += size_bytes

    def state(self, *, is_stopping: bool = False) -> TransferState:
        """How the download stands now, or while it waits where it `is_stopping`: with what is kept of its files."""
        came = {
            index: each.kept_bytes if is_stopping else each.meter.received_bytes for index, each in self._active.items()
        }
        received = self._fetched_bytes + sum(came.values())
        self._meter.add(max(received - self._meter.received_bytes, 0))
        hosts = self._host_states()
        alone = self._latest if self._is_alone else None
        return TransferState(
            processed_bytes=received,
            total_bytes=self._total_bytes(),
            bytes_per_second=self._meter.figures().bytes_per_second,
            active=[ActiveItem(index, came[index], each.meter.total_bytes) for index, each in self._active.items()],
            hosts=hosts,
            final_url=alone.file.url if alone and alone.file else None,
            is_resumable=self._is_resumable(),
            fraction=self._fraction(),
            message=_message_of(hosts),
        )

    def _total_bytes(self) -> int | None:
        """Of all files; None while one of them is unknown."""
        total = self._fetched_bytes
        for index, planned in self._open.items():
            size = self._active[index].meter.total_bytes if index in self._active else None
            size = planned if size is None else size
            if size is None:
                return None
            total += size
        return total

    def _is_resumable(self) -> bool | None:
        """Whether all files that are on their way would be gone on with; None while that is unknown of one."""
        transfers = [self._latest] if self._is_alone and self._latest else self._active.values()
        known = [each.is_resumable for each in transfers]
        if not known or None in known:
            return False if False in known else None
        return all(known)

    def _fraction(self) -> float:
        ended = self._count - len(self._open)
        return (ended + sum(each.fraction for each in self._active.values())) / max(self._count, 1)

    def _host_states(self) -> list[HostState]:
        coming = Counter({each.host: 0 for each in self._active.values()})
        coming.update(each.host for each in self._active.values() if each.is_coming)
        states = []
        for name, count in coming.items():
            seconds = self._hosts.seconds_to_wait(name)
            until = now() + timedelta(seconds=seconds) if seconds else None
            states.append(HostState(name, 0 if until else count, until))
        return states


def _message_of(hosts: Sequence[HostState]) -> str:
    """What is said while every host is waited for; else what the stage says."""
    waits = [host for host in hosts if host.waiting_until is not None]
    if not waits or len(waits) < len(hosts):
        return "Fetching."
    first = min(waits, key=lambda host: host.waiting_until or now())
    return f"Waiting until {first.waiting_until:%H:%M} UTC, asked by {first.name}."


def _host_of(url: str) -> str:
    """As `Address.host`; "" where there is none."""
    try:
        return parse_address(url).host
    except Refusal:
        return ""
