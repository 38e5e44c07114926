"""Whole batches of sheets, from files to results."""

import io
import zipfile

import openpyxl
import pypdfium2
import pytest

from base.errors import ErrorCode, Refusal
from processors.contract import ItemStatus
from processors.omr.drawing import sheet_text
from processors.omr.template.built_in import built_in_template
from tests.processors.omr.conftest import RunOmr
from tests.processors.omr.sheets import REFERENCE, answers_for, encode, fill, filled_sheet, printed, scan

TEMPLATE = built_in_template()


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def sheet(seed: int, text: str | None = None) -> bytes:
    """A scanned sheet."""
    return encode(scan(filled_sheet(seed, text=text)[0], seed))


def questions(answers: dict[str, str]) -> dict[str, str]:
    return {label: value for label, value in answers.items() if label.startswith("q")}


def student_of(answers: dict[str, str]) -> str:
    return "".join(answers[f"digit{number}"] for number in range(1, 7))


def test_a_zip_becomes_a_row_for_each_sheet_with_the_reference_of_its_code(run_omr: RunOmr) -> None:
    run = run_omr({"a.zip": zipped({"s10.jpg": sheet(2), "s9.jpg": sheet(1)})}, strategy="ZIP_WITH_QR", reference=None)

    assert run.reference == REFERENCE
    assert run.names == ["s9.jpg", "s10.jpg"]
    for row, seed in zip(run.rows, (1, 2), strict=True):
        answers = answers_for(seed, TEMPLATE)
        assert row["student"] == student_of(answers)
        assert {name: row[name] for name in questions(answers)} == questions(answers)


def test_every_page_is_a_result_a_failure_or_a_named_skip(run_omr: RunOmr) -> None:
    files = {
        "1.jpg": sheet(1),
        "2.jpg": encode(scan(printed(TEMPLATE, "x") * 0 + 255, 3)),
        "3.jpg": sheet(2)[:5000],
        "notes.txt": b"hello",
        "4.jpg": encode(scan(fill(printed(TEMPLATE, "x")[:1200], TEMPLATE, {}), 1)),
        "__MACOSX/._1.jpg": b"x",
    }
    run = run_omr({"a.zip": zipped(files)}, strategy="ZIP_WITHOUT_QR")

    ends = {name: (item.status, item.skip_reason) for name, item in zip(run.names, run.items, strict=True)}
    assert ends == {
        "1.jpg": (ItemStatus.COMPLETED, None),
        "2.jpg": (ItemStatus.SKIPPED, "Blank page, skipped."),
        "3.jpg": (ItemStatus.FAILED, None),
        "4.jpg": (ItemStatus.FAILED, None),
        "notes.txt": (ItemStatus.SKIPPED, "No picture: left out."),
    }
    assert run.report["totals"] == {"pages": 5, "read": 1, "failed": 2, "skipped": 2, "needReview": 1}
    assert [one["sheet"] for one in run.report["skipped"]] == ["2.jpg", "notes.txt"]
    assert "The sheet was not found on the page: no four corner marks form a sheet" in run.report["failed"][1]["reason"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "No QR code was found on the first sheet, a.jpg."),
        ("1234567", "The QR code of the first sheet, a.jpg, holds no number of 8 digits that stands alone: “1234567”."),
        ("12345678 87654321", "The QR codes of the first sheet, a.jpg, hold different numbers: 12345678, 87654321."),
    ],
)
def test_no_code_a_wrong_one_and_two_are_three_errors(run_omr: RunOmr, text: str | None, sentence: str) -> None:
    picture = printed(TEMPLATE, text or "12345678")
    if text is None:
        picture[100:450, 1200:1550] = 255
    with pytest.raises(Refusal) as caught:
        run_omr({"a.zip": zipped({"a.jpg": encode(picture)})}, strategy="ZIP_WITH_QR", reference=None)

    assert caught.value.code is ErrorCode.BAD_INPUT
    assert caught.value.message.startswith(sentence)


def test_an_answer_key_scores_and_marks_every_sheet(run_omr: RunOmr) -> None:
    answers = answers_for(1, TEMPLATE)
    key = {**dict.fromkeys(questions(answers), "A"), "q1": {"answer": answers["q1"], "points": 5}}
    run = run_omr({"a.jpg": sheet(1)}, answerKey=key)

    right = sum(value == "A" for label, value in questions(answers).items() if label != "q1") + 5
    assert (run.rows[0]["score"], run.rows[0]["maxScore"]) == (str(right), "64")
    assert {made.name for made in run.items[0].files} == {"sheet.jpg", "marked.jpg"}
    with pypdfium2.PdfDocument(run.files["annotated.pdf"]) as document:
        assert len(document) == 1
        assert f"{right} / 64" in document[0].get_textpage().get_text_bounded()
        pixels = document[0].render(scale=1).to_numpy().astype(int)
    assert (pixels[..., 2] - pixels[..., 1] > 80).any()  # red


def test_a_key_sheet_is_the_key_and_no_result(run_omr: RunOmr) -> None:
    run = run_omr({"key.jpg": sheet(1), "same.jpg": sheet(1), "other.jpg": sheet(2)}, keySheet="key.jpg")

    assert run.items[0].skip_reason == "This sheet is the key."
    assert [row["score"] for row in run.rows][1] == "60"
    same = sum(questions(answers_for(1, TEMPLATE))[q] == a for q, a in questions(answers_for(2, TEMPLATE)).items())
    assert run.rows[2]["score"] == str(same)


def test_a_roster_names_students_mends_one_digit_and_lists_who_has_no_sheet(run_omr: RunOmr) -> None:
    ids = [student_of(answers_for(seed, TEMPLATE)) for seed in (1, 2, 3)]
    near = ids[1][:-1] + str((int(ids[1][-1]) + 1) % 10)
    roster = f"id,name\n{ids[0]},Ada\n{near},Béla\n999999,Carla\n".encode()
    files = {"1.jpg": sheet(1), "2.jpg": sheet(2), "3.jpg": sheet(3), "roster.csv": roster}
    run = run_omr(files, rosterUploadId="upload-3")

    assert [(row["student"], row["studentName"]) for row in run.rows] == [(ids[0], "Ada"), (near, "Béla"), (ids[2], "")]
    assert [result["match"] for result in run.results] == ["exact", "near", "none"]
    assert run.report["withoutSheet"] == [{"student": "999999", "name": "Carla"}]
    assert run.items[2].needs_review
    assert run.table("review.csv")[0]["why"] == "The roster has no such student."


def test_pages_of_a_student_are_grouped_and_missing_ones_named(run_omr: RunOmr) -> None:
    pages = {f"{page}.jpg": sheet(page, sheet_text(REFERENCE, "A17", page, 3)) for page in (1, 3)}
    run = run_omr(pages)

    (student,) = run.report["students"]
    assert (student["student"], student["pages"], student["missingPages"]) == ("A17", [1, 3], [2])


def test_a_doubtful_field_is_flagged_with_its_crop_and_a_person_settles_it(run_omr: RunOmr) -> None:
    answers = answers_for(1, TEMPLATE)
    both = "AB"
    picture = fill(printed(TEMPLATE, "x"), TEMPLATE, {**answers, "q7": both}, 1)
    files = {"a.jpg": encode(scan(picture, 1))}
    run = run_omr(files)

    assert run.items[0].needs_review
    assert [(row["field"], row["value"], row["status"]) for row in run.table("review.csv")] == [("q7", "AB", "multi")]
    assert "q7.jpg" in {made.name for made in run.items[0].files}

    reviewed = run_omr(files, reviews={0: {"values": {"q7": "B"}}})
    assert not reviewed.items[0].needs_review
    assert reviewed.rows[0]["q7"] == "B"
    field = next(field for field in reviewed.results[0]["fields"] if field["field"] == "q7")
    assert field["reviewed"] is True


def test_moved_corners_read_a_sheet_that_was_not_found(run_omr: RunOmr) -> None:
    picture, answers = filled_sheet(1)
    picture[:100, :200] = 255  # torn off: the mark at the top left is gone
    files = {"a.jpg": encode(picture)}
    lost = run_omr(files)
    assert (lost.items[0].status, lost.items[0].needs_review) == (ItemStatus.FAILED, True)
    assert [made.name for made in lost.items[0].files] == ["page.jpg"]

    scale = lost.results[0]["width"] / TEMPLATE.width
    assert TEMPLATE.marks is not None
    corners = [[x * scale, y * scale] for x, y in TEMPLATE.marks.centers]
    found = run_omr(files, reviews={0: {"corners": corners}})
    assert {name: found.rows[0][name] for name in questions(answers)} == questions(answers)


def test_answers_are_text_in_both_files(run_omr: RunOmr) -> None:
    picture = fill(printed(TEMPLATE, "x"), TEMPLATE, {f"digit{n}": "0" for n in range(1, 7)} | {"digit6": "7"}, 1)
    run = run_omr({"a.jpg": encode(picture)})

    assert run.files["answers.csv"].read_bytes().startswith(b"\xef\xbb\xbf")
    assert run.rows[0]["student"] == "000007"
    rows = list(openpyxl.load_workbook(run.files["answers.xlsx"]).active.iter_rows(values_only=True))
    assert dict(zip(rows[0], rows[1], strict=True))["student"] == "000007"


def test_a_blank_digit_keeps_its_place(run_omr: RunOmr) -> None:
    picture = fill(printed(TEMPLATE, "x"), TEMPLATE, {"digit1": "1", "digit3": "3", "digit6": "6", "digit5": "12"}, 1)

    assert run_omr({"a.jpg": encode(picture)}).rows[0]["student"] == "1_3_?6"


def test_a_damaged_first_file_fails_alone_and_the_reference_is_that_of_the_next(run_omr: RunOmr) -> None:
    files = {"1.jpg": sheet(1)[:3000], "2.jpg": sheet(2), "2b.jpg": b"", "3.jpg": sheet(3)}
    run = run_omr({"a.zip": zipped(files)}, strategy="ZIP_WITH_QR", reference=None)

    assert run.reference == REFERENCE
    assert [str(item.status) for item in run.items] == ["FAILED", "COMPLETED", "FAILED", "COMPLETED"]
    assert [one["sheet"] for one in run.report["failed"]] == ["1.jpg", "2b.jpg"]


def test_where_no_first_page_can_be_read_the_batch_says_so(run_omr: RunOmr) -> None:
    with pytest.raises(Refusal, match="all of them are blank or damaged"):
        run_omr({"a.zip": zipped({"1.jpg": sheet(1)[:3000]})}, strategy="ZIP_WITH_QR", reference=None)


def test_a_damaged_key_sheet_is_refused_by_name(run_omr: RunOmr) -> None:
    with pytest.raises(Refusal) as caught:
        run_omr({"key.jpg": sheet(1)[:3000], "2.jpg": sheet(2)}, keySheet="key.jpg")

    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "options.keySheet")
    assert caught.value.message == (
        "The key sheet, key.jpg, cannot be read: The picture is damaged or was not saved completely."
    )


def test_a_page_that_came_twice_gives_no_sum_of_points(run_omr: RunOmr) -> None:
    pages = {
        name: sheet(page, sheet_text(REFERENCE, student, page, 2))
        for name, student, page in (
            ("1.jpg", "A17", 1),
            ("1again.jpg", "A17", 1),
            ("2.jpg", "A17", 2),
            ("3.jpg", "B2", 1),
        )
    }
    run = run_omr(pages, answerKey={"q1": answers_for(1, TEMPLATE)["q1"]})

    twice, once = run.report["students"]
    assert (twice["student"], twice["doublePages"], twice["points"]) == ("A17", [1], None)
    assert (once["student"], once["doublePages"], once["points"]) == ("B2", [], 1)


def test_sheets_without_a_number_are_listed_and_not_taken_for_one_student(run_omr: RunOmr) -> None:
    answers = questions(answers_for(1, TEMPLATE))
    picture = encode(scan(fill(printed(TEMPLATE, "x"), TEMPLATE, answers, 1), 1))
    run = run_omr({"1.jpg": picture, "2.jpg": picture}, answerKey={"q1": answers["q1"]})

    assert run.report["students"] == []
    assert run.report["unknownStudents"] == [{"sheet": "1.jpg", "student": ""}, {"sheet": "2.jpg", "student": ""}]
