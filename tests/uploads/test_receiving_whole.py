"""Bodies that count only whole, and lengths that come late."""

from dataclasses import replace

import pytest

from base.errors import ErrorCode, Refusal
from base.words import UploadStatus
from tests.uploads.app_for_tests import (
    Recorder,
    announced,
    append,
    checksum_of,
    limited,
    path_of,
    reread,
    sha256,
    stored_upload,
)
from uploads.body import ClientLeft
from uploads.checkpoints import Intervals
from uploads.checksums import ALGORITHMS
from uploads.wiring import UploadServices

# --------------------------------------------------------------------------------------------- checksums of bodies


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
async def test_a_body_with_the_right_checksum_counts(services: UploadServices, algorithm: str) -> None:
    upload = await announced(services, 6)
    await append(services, upload.id, 0, b"ab", b"c", checksum=checksum_of(b"abc", algorithm))
    assert (await reread(upload)).offset_bytes == 3
    upload = await append(services, upload.id, 3, b"def", checksum=checksum_of(b"def", algorithm))
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abcdef"))


@pytest.mark.parametrize("size", [3, 6])
async def test_a_body_with_the_wrong_checksum_changes_nothing_and_can_be_sent_again(
    services: UploadServices, recorder: Recorder, size: int
) -> None:
    upload = await announced(services, 3 + size)
    await append(services, upload.id, 0, b"abc")
    told = len(recorder.events)
    with pytest.raises(Refusal) as refused:
        await append(services, upload.id, 3, b"DEF", checksum=checksum_of(b"def"))
    assert (refused.value.http_status, refused.value.headers) == (460, {"Upload-Offset": "3"})
    assert ((await reread(upload)).offset_bytes, path_of(services, upload).read_bytes()) == (3, b"abc")
    assert len(recorder.events) == told
    rest = b"defghi"[:size]
    upload = await append(services, upload.id, 3, rest, checksum=checksum_of(rest))
    # The hash went on where it was: nothing had to be read back.
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abc" + rest))


async def test_bytes_that_are_not_verified_yet_are_never_committed(
    services: UploadServices, recorder: Recorder
) -> None:
    services = replace(services, checkpoints=Intervals(seconds=0.02))
    upload = await announced(services, 6)
    with pytest.raises(Refusal, match="the client went away; 0 bytes are stored"):
        await append(services, upload.id, 0, b"ab", 0.1, b"cd", 0.1, ClientLeft(), checksum=checksum_of(b"abcdef"))
    assert ((await reread(upload)).offset_bytes, recorder.events) == (0, [])
    assert path_of(services, upload).read_bytes() == b""
    upload = await append(services, upload.id, 0, b"abcdef", checksum=checksum_of(b"abcdef"))
    assert upload.sha256 == sha256(b"abcdef")


async def test_the_checksum_of_an_empty_body_is_checked_too(services: UploadServices) -> None:
    upload = await stored_upload(services, b"abc")
    assert (await append(services, upload.id, 3, checksum=checksum_of(b""))).status is UploadStatus.COMPLETED
    with pytest.raises(Refusal) as refused:
        await append(services, upload.id, 3, checksum=checksum_of(b"x"))
    assert refused.value.code is ErrorCode.CHECKSUM_MISMATCH


# ------------------------------------------------------------------------------------------------- deferred length


async def test_a_length_may_be_declared_with_any_body_once(services: UploadServices, recorder: Recorder) -> None:
    upload = await announced(services, None)
    await append(services, upload.id, 0, b"ab")
    assert (await reread(upload)).size_bytes is None
    await append(services, upload.id, 2, b"c", length=5)
    assert ((await reread(upload)).size_bytes, (await reread(upload)).offset_bytes) == (5, 3)
    assert recorder.moved[-1].size_bytes == 5
    for other in (4, 6):
        with pytest.raises(Refusal) as refused:
            await append(services, upload.id, 3, b"de", length=other)
        assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "Upload-Length")
    assert (await reread(upload)).offset_bytes == 3
    upload = await append(services, upload.id, 3, b"de", length=5)
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abcde"))


async def test_an_empty_body_that_declares_what_is_stored_completes(
    services: UploadServices, recorder: Recorder
) -> None:
    upload = await announced(services, None)
    await append(services, upload.id, 0, b"abc")
    upload = await append(services, upload.id, 3, length=3)
    assert (upload.status, upload.sha256) == (UploadStatus.COMPLETED, sha256(b"abc"))
    assert len(recorder.completed) == 1


async def test_an_upload_of_no_bytes_may_be_declared_late(services: UploadServices) -> None:
    upload = await announced(services, None)
    upload = await append(services, upload.id, 0, length=0)
    assert (upload.status, upload.sha256, path_of(services, upload).read_bytes()) == (
        UploadStatus.COMPLETED,
        sha256(b""),
        b"",
    )


async def test_a_length_below_what_is_stored_is_refused_and_not_kept(services: UploadServices) -> None:
    upload = await announced(services, None)
    await append(services, upload.id, 0, b"abc")
    with pytest.raises(Refusal) as refused:
        await append(services, upload.id, 3, length=2)
    assert refused.value.code is ErrorCode.BAD_INPUT
    assert (await reread(upload)).size_bytes is None


async def test_a_length_with_a_wrong_offset_is_not_kept(services: UploadServices) -> None:
    upload = await announced(services, None)
    with pytest.raises(Refusal) as refused:
        await append(services, upload.id, 1, b"x", length=2)
    assert refused.value.code is ErrorCode.OFFSET_MISMATCH
    assert (await reread(upload)).size_bytes is None


async def test_an_upload_of_unknown_length_is_held_to_the_largest_size(services: UploadServices) -> None:
    small = limited(services, max_size_bytes=5)
    upload = await announced(small, None)
    await append(small, upload.id, 0, b"abc")
    with pytest.raises(Refusal) as refused:
        await append(small, upload.id, 3, b"def")
    assert (refused.value.code, refused.value.headers["Tus-Max-Size"]) == (ErrorCode.FILE_TOO_LARGE, "5")
    with pytest.raises(Refusal) as refused:
        await append(small, upload.id, 3, length=6)
    assert refused.value.code is ErrorCode.FILE_TOO_LARGE
    assert ((await reread(upload)).offset_bytes, (await reread(upload)).size_bytes) == (3, None)
