"""Transfers of a download, as they are told."""

from contextlib import ExitStack

from downloads.hosts import HostLimiter
from downloads.planned_file import PlannedFile
from downloads.representation import Representation
from downloads.telling import Teller
from processors.contract import AssignedSlice


def test_a_transfer_comes_from_its_host_once_that_has_answered() -> None:
    urls = [f"http://a.example/{number}" for number in range(3)]
    part = AssignedSlice(first_index=0, indices=range(3), payload={})
    teller = Teller(HostLimiter(), part, [PlannedFile(url=url) for url in urls], fetched_bytes=0)

    with ExitStack() as stack:
        coming, asked_to_wait, _ = [
            stack.enter_context(teller.transferring(index, url)) for index, url in enumerate(urls)
        ]
        assert [(host.name, host.active_transfers) for host in teller.state().hosts] == [("a.example", 0)]
        coming.set_file(Representation(url="http://b.example/0", name="0"))
        asked_to_wait.set_file(Representation(url="http://a.example/1", name="1"))
        asked_to_wait.set_waiting("a.example", 1.0)
        told = {host.name: host.active_transfers for host in teller.state().hosts}
        assert told == {"a.example": 0, "b.example": 1}
    assert teller.state().hosts == []


def test_a_download_that_stops_is_told_with_what_is_kept() -> None:
    part = AssignedSlice(first_index=0, indices=range(2), payload={})
    urls = ["http://a.example/0", "http://a.example/1"]
    teller = Teller(HostLimiter(), part, [PlannedFile(url=url) for url in urls], fetched_bytes=10)

    with teller.transferring(0, urls[0]) as lost, teller.transferring(1, urls[1]) as kept:
        lost.set_file(Representation(url=urls[0], name="0", total=100))
        kept.set_file(Representation(url=urls[1], name="1", total=100, if_range='"v1"'))
        lost.meter.begin(50, 100)
        kept.meter.begin(60, 100)
        assert teller.state().processed_bytes == 120
        state = teller.state(is_stopping=True)
    assert (state.processed_bytes, [each.processed_bytes for each in state.active]) == (70, [0, 60])
