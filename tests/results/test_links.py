from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from auth.keys import Keys
from auth.signatures import Signer
from base.errors import ErrorCode, Refusal
from results.links import bundle_path, check_bundle_link, check_file_link, file_path

SIGNER = Signer(Keys("a secret of the tests, long enough"))
FILE, OTHER = "file-1754556928-12a41dbec0f3", "file-1754556928-12a41dbec0f4"
JOB = "batch-1754556928-12a41dbec0f3"
MOMENT = datetime(2025, 8, 7, 9, 35, 28, tzinfo=UTC)
END = int(datetime(2025, 8, 8, 10, tzinfo=UTC).timestamp())


def proof(path: str) -> tuple[str, str]:
    query = parse_qs(urlsplit(path).query)
    return query["expires"][0], query["signature"][0]


def code_of(purpose: str, id_: str, expires: str, signature: str, moment: datetime = MOMENT) -> ErrorCode:
    check = check_file_link if purpose == "file" else check_bundle_link
    with pytest.raises(Refusal) as caught:
        check(SIGNER, id_, expires, signature, moment)
    return caught.value.code


def test_a_file_link_has_id_name_end_and_signature() -> None:
    expires, signature = proof(file_path(SIGNER, FILE, "leads.csv", MOMENT))
    assert file_path(SIGNER, FILE, "leads.csv", MOMENT) == (
        f"/results/{FILE}/leads.csv?expires={END}&signature={signature}"
    )
    assert (expires, len(signature)) == (str(END), 43)


def test_a_bundle_link_has_id_end_and_signature() -> None:
    _, signature = proof(bundle_path(SIGNER, JOB, MOMENT))
    assert bundle_path(SIGNER, JOB, MOMENT) == f"/bundles/{JOB}.zip?expires={END}&signature={signature}"


@pytest.mark.parametrize(
    ("moment", "hours_until_end"),
    [
        (datetime(2025, 8, 7, 9, 0, 0, tzinfo=UTC), 24),
        (datetime(2025, 8, 7, 9, 0, 0, 1, tzinfo=UTC), 25),
        (datetime(2025, 8, 7, 9, 59, 59, tzinfo=UTC), 25),
    ],
)
def test_a_link_ends_at_a_full_hour_at_least_24_hours_ahead(moment: datetime, hours_until_end: int) -> None:
    end = datetime.fromtimestamp(int(proof(file_path(SIGNER, FILE, "a", moment))[0]), UTC)
    assert end == moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours_until_end)


def test_links_read_in_one_hour_are_equal_text_and_in_the_next_one_not() -> None:
    first = file_path(SIGNER, FILE, "a.csv", MOMENT)
    assert file_path(SIGNER, FILE, "a.csv", MOMENT + timedelta(minutes=24)) == first
    assert file_path(SIGNER, FILE, "a.csv", MOMENT + timedelta(minutes=25)) != first


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("übersicht 100%.csv", "%C3%BCbersicht%20100%25.csv"),
        ("a?b#c&d.csv", "a%3Fb%23c%26d.csv"),
        ("../../etc/passwd", "passwd"),
        ("..", "file"),
        ("", "file"),
        ("a\\b.txt", "a_b.txt"),
        ("結果.csv", "%E7%B5%90%E6%9E%9C.csv"),
    ],
)
def test_a_name_is_one_percent_encoded_segment_of_the_path(name: str, segment: str) -> None:
    assert file_path(SIGNER, FILE, name, MOMENT).partition("?")[0] == f"/results/{FILE}/{segment}"


def test_a_good_link_tells_its_end() -> None:
    assert check_file_link(SIGNER, FILE, *proof(file_path(SIGNER, FILE, "a", MOMENT)), MOMENT) == END
    assert check_bundle_link(SIGNER, JOB, *proof(bundle_path(SIGNER, JOB, MOMENT)), MOMENT) == END


def test_a_link_is_good_until_the_second_of_its_end() -> None:
    good = proof(file_path(SIGNER, FILE, "a", MOMENT))
    assert check_file_link(SIGNER, FILE, *good, datetime.fromtimestamp(END - 1, UTC)) == END
    assert code_of("file", FILE, *good, datetime.fromtimestamp(END, UTC)) == ErrorCode.RESULT_EXPIRED


def test_an_ended_link_says_where_to_get_a_new_one() -> None:
    with pytest.raises(Refusal, match="read the url again through the API"):
        check_file_link(SIGNER, FILE, *proof(file_path(SIGNER, FILE, "a", MOMENT)), MOMENT + timedelta(days=2))


def test_a_changed_end_is_a_wrong_signature() -> None:
    _, signature = proof(file_path(SIGNER, FILE, "a", MOMENT))
    assert code_of("file", FILE, str(END + 3600), signature) == ErrorCode.FILE_NOT_FOUND


def test_an_ended_link_with_a_wrong_signature_tells_nothing() -> None:
    assert code_of("file", FILE, "1", "x" * 43) == ErrorCode.FILE_NOT_FOUND


def test_a_link_opens_no_other_file() -> None:
    assert code_of("file", OTHER, *proof(file_path(SIGNER, FILE, "a", MOMENT))) == ErrorCode.FILE_NOT_FOUND


def test_a_file_link_opens_no_bundle_and_the_other_way_round() -> None:
    assert code_of("bundle", FILE, *proof(file_path(SIGNER, FILE, "a", MOMENT))) == ErrorCode.FILE_NOT_FOUND
    assert code_of("file", JOB, *proof(bundle_path(SIGNER, JOB, MOMENT))) == ErrorCode.FILE_NOT_FOUND


@pytest.mark.parametrize("expires", ["", "soon", "-1", "\u0663", "1e9", "9" * 13, f" {END}", f"+{END}"])
def test_an_end_that_is_no_number_is_not_found(expires: str) -> None:
    assert code_of("file", FILE, expires, SIGNER.sign("file", f"{FILE}:{expires}")) == ErrorCode.FILE_NOT_FOUND


@pytest.mark.parametrize("signature", ["", "x", "ü" * 43, "\udce4" * 3, "x" * 100_000])
def test_a_signature_of_any_shape_is_not_found(signature: str) -> None:
    assert code_of("file", FILE, str(END), signature) == ErrorCode.FILE_NOT_FOUND
