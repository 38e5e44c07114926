import pytest

from auth.keys import Keys
from auth.signatures import Signer
from base.errors import ErrorCode, Refusal
from uploads.capability import id_in_url, is_signed, redact_path, split_segment, upload_path

ID, OTHER = "upload-1754556928-12a41dbec0f3", "upload-1754556928-12a41dbec0f4"
SIGNER = Signer(Keys("one secret of the tests, long enough"))


def test_the_path_begins_with_the_id_and_carries_its_right() -> None:
    path = upload_path(SIGNER, ID)
    assert path.startswith(f"/files/{ID}~")
    named = split_segment(path.removeprefix("/files/"))
    assert named is not None
    upload_id, signature = named
    assert (upload_id, len(signature or "")) == (ID, 43)
    assert is_signed(SIGNER, ID, signature or "")


def test_the_right_is_good_for_this_upload_and_this_secret_alone() -> None:
    signature = upload_path(SIGNER, ID).rpartition("~")[2]
    assert not is_signed(SIGNER, OTHER, signature)
    assert not is_signed(Signer(Keys("another secret of the tests, long")), ID, signature)
    assert not is_signed(SIGNER, ID, SIGNER.sign("file", ID))


def test_a_bare_id_has_no_signature() -> None:
    assert split_segment(ID) == (ID, None)


@pytest.mark.parametrize(
    "segment",
    ["", "x", f"{ID}~", f"{ID}~short", f"{ID}/x", f"{ID}\0", f" {ID}", "task-1754556928-12a41dbec0f3", f"{ID}\n"],
)
def test_other_shapes_name_nothing(segment: str) -> None:
    assert split_segment(segment) is None


@pytest.mark.parametrize(
    "form",
    ["{}", "/files/{}", "files/{}", "https://a.example.com/files/{}", "//a/b/files/{}?x=y#z", "http://a:8000/b/{}"],
)
def test_the_id_is_found_in_every_form_of_the_address(form: str) -> None:
    signed = upload_path(SIGNER, ID).rpartition("/")[2]
    for segment in (ID, signed, signed.replace("~", "%7E")):
        assert id_in_url(form.format(segment)) == ID


@pytest.mark.parametrize(
    "url", ["", "/", "http://[", f"/files/{ID}/x", f"/files/{ID}x", "/files/task-1754556928-12a41dbec0f3"]
)
def test_other_addresses_name_no_upload(url: str) -> None:
    with pytest.raises(Refusal) as refused:
        id_in_url(url)
    assert refused.value.code is ErrorCode.UPLOAD_NOT_FOUND


@pytest.mark.parametrize("mark", ["~", "%7E", "%7e"])
def test_the_right_is_kept_out_of_logs(mark: str) -> None:
    signature = upload_path(SIGNER, ID).rpartition("~")[2]
    assert redact_path(f"/files/{ID}{mark}{signature}?a=b") == f"/files/{ID}~…?a=b"
    assert redact_path(f"/files/{ID}") == f"/files/{ID}"
    assert redact_path("/graphql") == "/graphql"


@pytest.mark.parametrize(
    "wrong", ["//files/{}", "/files//files/{}", "/{}", "/FILES/{}", "/files/x{}", "/files/{}/b", "/sub/files/{}"]
)
def test_it_is_kept_out_of_logs_at_addresses_that_are_none(wrong: str) -> None:
    segment = upload_path(SIGNER, ID).removeprefix("/files/")
    signature = segment.rpartition("~")[2]
    assert signature not in redact_path(wrong.format(segment))
