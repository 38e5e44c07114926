"""From a file to results, with the three calls that Waybill makes."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from python_calamine import CalamineWorkbook

from base.errors import ErrorCode, Refusal
from processors.contract import AssignedSlice, FileRole, ItemStatus, LogLevel, PlannedSlice, Processor, Source
from processors.leads.kind import KIND
from processors.leads.options import LeadsOptions
from processors.leads.processor import LeadsProcessor
from processors.loading import load_processor
from tests.processors.fake_work import FakeWork
from tests.processors.leads.conftest import RunLeads, as_part
from tests.processors.tables.workbooks_for_tests import bomb, workbook_of, written

CSV = b"""Contacts of March;;;;;;

E-Mail;Name;Tel.;Firma;Land;Web;Segment
ANNA@Example.com;anna o'brien;020 7946 0123;Acme Ltd;UK;https://www.acme.example.com/;A
;Ben Jones;12345;Bolt;;;B

Ben <ben@example.org>;JONES, BEN;;Bolt;Germany;;
anna@example.com;Annie;;;;;C
cara@;Cara Diaz;+44 20 7946 0123 x9;;;;
dora@gmail.com;Ben Jones;;BOLT;;;
"""


def test_it_is_a_processor() -> None:
    processor: Processor = load_processor(KIND)
    assert isinstance(processor, LeadsProcessor)
    assert (KIND.name, KIND.job_type, KIND.max_files) == ("leads", "BATCH", 1)
    assert {".xlsx", ".xls", ".ods", ".csv"} <= set(KIND.accept)


def test_items_are_rows_named_as_a_spreadsheet_numbers_them(run_leads: RunLeads) -> None:
    run = run_leads("leads.csv", CSV)
    assert run.names == ["Row 4", "Row 5", "Row 7", "Row 8", "Row 9", "Row 10"]
    assert [item.index for item in run.items] == list(range(6))


def test_each_item_ends_completed_failed_or_skipped(run_leads: RunLeads) -> None:
    run = run_leads("leads.csv", CSV)
    assert [item.status for item in run.items] == [
        ItemStatus.COMPLETED,
        ItemStatus.FAILED,
        ItemStatus.COMPLETED,
        ItemStatus.SKIPPED,
        ItemStatus.SKIPPED,
        ItemStatus.SKIPPED,
    ]
    assert [item.skip_reason for item in run.items if item.skip_reason] == [
        "Duplicate of row 4: the same e-mail address.",
        "Duplicate of row 4: the same phone number.",
        "Duplicate of row 7: the same name and company.",
    ]
    error = run.items[1].error
    assert error is not None
    assert (error.code, error.is_retryable) == (ErrorCode.BAD_INPUT, False)
    assert error.message == 'Row 5 has no e-mail address, and no valid phone number: "12345".'


def test_a_kept_lead_has_all_its_fields(run_leads: RunLeads) -> None:
    assert run_leads("leads.csv", CSV).results[0] == {
        "row": 4,
        "name": "Anna O'Brien",
        "firstName": "Anna",
        "lastName": "O'Brien",
        "email": "ANNA@example.com",
        "phone": "+442079460123",
        "phoneExtension": None,
        "company": "Acme Ltd",
        "website": "acme.example.com",
        "country": "UK",
        "countryCode": "GB",
        "notes": None,
        "score": 100,
        "reasons": [
            "The e-mail address is valid (+35).",
            "The e-mail address belongs to a person (+10).",
            "The e-mail address is at the company's own domain (+10).",
            "The phone number is valid (+20).",
            "First and last name are known (+10).",
            "The company is known (+5).",
            "The website is known (+5).",
            "The country is known (+5).",
        ],
        "extra": {"Segment": "A"},
        "setAside": {},
        "enrichment": {"step": "local-rules", "version": "2"},
    }


def test_left_out_rows_say_who_they_are(run_leads: RunLeads) -> None:
    run = run_leads("leads.csv", CSV)
    assert run.results[3] == {
        "row": 8,
        "duplicateOf": 4,
        "duplicateBy": "email",
        "name": "Annie",
        "email": "anna@example.com",
        "phone": None,
        "company": None,
    }
    assert run.results[1] == {
        "row": 5,
        "problem": "no e-mail address, and no valid phone number",
        "name": "Ben Jones",
        "email": None,
        "phone": "12345",
        "company": "Bolt",
    }


@pytest.mark.parametrize(
    ("email", "phone", "sentence"),
    [
        ("", "", "Row 2 has neither an e-mail address nor a phone number."),
        ("anna@", "", 'Row 2 has no valid e-mail address, and no phone number: "anna@".'),
        ("x", "12", 'Row 2 has neither a valid e-mail address nor a valid phone number: "x", "12".'),
        ("x" * 99, "", f'Row 2 has no valid e-mail address, and no phone number: "{"x" * 59}…".'),
    ],
)
def test_a_row_that_reaches_nobody_says_why(run_leads: RunLeads, email: str, phone: str, sentence: str) -> None:
    error = run_leads("a.csv", f"name,email,phone\nAnna,{email},{phone}\n".encode()).items[0].error
    assert error is not None
    assert error.message == sentence


def test_what_cannot_be_used_is_set_aside(run_leads: RunLeads) -> None:
    data = b"email,phone,web\na@example.com b@example.com,12345,none yet\n"
    assert run_leads("a.csv", data).results[0]["setAside"] == {
        "email": "b@example.com",
        "phone": "12345",
        "website": "none yet",
    }


def test_a_second_column_helps_out_where_the_first_is_not_valid(run_leads: RunLeads) -> None:
    data = b"email,work email,phone,mobile\nnone@,w@example.com,1,+44 20 7946 0123\n,x@example.com,,\n"
    run = run_leads("a.csv", data)
    assert [result["email"] for result in run.results] == ["w@example.com", "x@example.com"]
    assert run.results[0]["phone"] == "+442079460123"
    assert run.results[0]["setAside"] == {"email": "none@", "phone": "1"}
    assert run.results[0]["extra"] == {"work email": "w@example.com", "mobile": "+44 20 7946 0123"}


def test_numbers_of_a_workbook_are_phones_and_texts_stay_texts(run_leads: RunLeads) -> None:
    def write(book: Any) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Name", "Phone", "Country", "Code", "Size"])
        sheet.write_row(1, 0, ["Anna Smith", 442079460123, "UK", "007", 12.0])

    result = run_leads("a.xlsx", written(write)).results[0]
    assert (result["phone"], result["extra"]) == ("+442079460123", {"Code": "007", "Size": "12"})


def test_the_country_of_the_row_goes_before_the_option(run_leads: RunLeads) -> None:
    data = b"phone,country\n030 23125012,Deutschland\n020 7946 0123,\n020 7946 0124,Atlantis\n"
    run = run_leads("a.csv", data, country="GB")
    assert [result["phone"] for result in run.results] == ["+493023125012", "+442079460123", "+442079460124"]


def test_results_are_files_in_file_order(run_leads: RunLeads) -> None:
    run = run_leads("leads.csv", CSV)
    assert [(made.name, made.role) for made in run.files.values()] == [
        ("leads.csv", FileRole.RESULT),
        ("leads.xlsx", FileRole.RESULT),
        ("report.json", FileRole.REPORT),
    ]
    assert [(row["Name"], row["Phone"], row["Row"], row["Segment"]) for row in run.csv_rows] == [
        ("Anna O'Brien", "'+442079460123", "4", "A"),
        ("Ben Jones", "", "7", ""),
    ]
    book = CalamineWorkbook.from_path(run.files["leads.xlsx"].path)
    leads, left_out = (book.get_sheet_by_index(number).to_python() for number in (0, 1))
    assert [row[4] for row in leads] == ["Phone", "+442079460123", ""]
    assert leads[0] == [
        "Name", "First name", "Last name", "E-mail", "Phone", "Company", "Website", "Country", "Notes",
        "Phone extension", "Country code", "Score", "Reasons", "Row", "Set aside", "Segment",
    ]  # fmt: skip
    assert [row[:2] for row in left_out] == [
        ["Row", "Status"],
        [5.0, "Not reachable"],
        [8.0, "Duplicate"],
        [9.0, "Duplicate"],
        [10.0, "Duplicate"],
    ]


def test_the_report_counts(run_leads: RunLeads) -> None:
    report = run_leads("leads.csv", CSV, country="gb").report
    assert report["processor"] == {"kind": "leads", "version": "2"}
    assert report["file"] == "leads.csv"
    assert report["options"] == {
        "batchSize": 100, "sheet": None, "columns": {}, "country": "GB", "enrich": "LOCAL_RULES",
    }  # fmt: skip
    assert report["headerRow"] == 3
    first = {key: report["columns"][0][key] for key in ("column", "heading", "field", "foundBy", "place")}
    assert first == {"column": "A", "heading": "E-Mail", "field": "email", "foundBy": "heading", "place": 0}
    assert report["totals"] == {"leads": 6, "kept": 2, "duplicates": 3, "invalid": 1}
    assert report["duplicatesBy"] == {"email": 1, "phone": 1, "name": 1}
    assert report["invalidBecause"] == [{"reason": "It has no e-mail address, and no valid phone number.", "count": 1}]
    assert {"column": "Phone", "count": 1, "percent": 50.0} in report["fill"]
    assert report["score"]["average"] == 87.5
    assert report["score"]["histogram"][7] == {"from": 70, "to": 79, "count": 1}
    assert report["score"]["histogram"][9] == {"from": 90, "to": 100, "count": 1}
    assert {"reason": "The phone number is valid (+20).", "count": 1} in report["reasons"]
    assert report["notes"] == []


def test_the_report_has_the_reason_of_each_column(run_leads: RunLeads) -> None:
    columns = run_leads("a.csv", b"Name,Email,Owner,Vara\nMia,m@x.de,rep@y.de,m@home.de\n").report["columns"]
    assert columns[2:] == [
        {"column": "C", "heading": "Owner", "field": None, "foundBy": None, "place": 0, "order": None, "identifies": True,
         "reason": "Its heading speaks of another person (owner)."},
        {"column": "D", "heading": "Vara", "field": "email", "foundBy": "contents", "place": 1, "order": None,
         "identifies": False, "reason": 'Helps out where "Email" gives nothing. 100% of its values are valid e-mail '
         "addresses, 100% of these differ from each other."},
    ]  # fmt: skip


GUESSED = [
    ("Name,Firma,Sähkö\nMia,Holz,a@x.de\nOle,Holz,b@x.de\nIda,Holz,c@x.de\nTom,Holz,a@x.de\n", 4),
    ("Nimi,Puhelin\nMia,+49 30 9001234\nOle,+49 30 9001235\nIda,+49 30 9001236\nTom,+49 30 9001234\n", 4),
    ("Mia Brandt,a@x.de,+49 30 9001234\nMia Brandt,a@x.de,+49 30 9001234\nIda Vogel,c@x.de,+49 30 9001235\n", 3),
    ("Name,Phone,Team\nMia,+49 30 9001234,kim@y.de\nOle,+49 30 9001235,kim@y.de\n", 2),
    ("Name,Email,Company phone\nMia,a@x.de,+49 30 9001234\nOle,b@x.de,+49 30 9001234\n", 2),
]


@pytest.mark.parametrize(("table", "kept"), GUESSED)
def test_nobody_is_a_duplicate_because_of_a_guess(run_leads: RunLeads, table: str, kept: int) -> None:
    totals = run_leads("a.csv", table.encode()).report["totals"]
    assert (totals["kept"], totals["duplicates"]) == (kept, 0)


def test_a_column_that_an_option_names_makes_duplicates(run_leads: RunLeads) -> None:
    table = b"Mia,a@x.de\nOle,b@x.de\nTom,a@x.de\n"
    assert run_leads("a.csv", table, columns={"email": 2}).report["duplicatesBy"]["email"] == 1


def test_nothing_kept_is_a_report_and_empty_tables(run_leads: RunLeads) -> None:
    run = run_leads("a.csv", b"name,email\nAnna,none\n")
    assert run.report["totals"] == {"leads": 1, "kept": 0, "duplicates": 0, "invalid": 1}
    assert run.report["score"]["average"] is None
    assert run.csv_rows == []


def test_slices_have_as_many_items_as_the_option_says(run_leads: RunLeads) -> None:
    data = b"email\n" + b"".join(b"a%d@example.com\n" % n for n in range(25))
    run = run_leads("a.csv", data, batchSize=10)
    assert [len(one.names) for one in run.slices] == [10, 10, 5]
    assert len(run.csv_rows) == 25


def test_a_slice_can_be_done_in_part(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(CSV)
    work = FakeWork(LeadsOptions(batch_size=4), tmp_path)
    made = list(LeadsProcessor().plan(work, [Source("a.csv", path, len(CSV), "text/csv")]))
    slices = [one for one in made if isinstance(one, PlannedSlice)]
    work.spool = {one.name: one.path for one in made if not isinstance(one, PlannedSlice)}
    items = list(LeadsProcessor().process(work, as_part(slices[1], 4, [5])))
    assert [(item.index, item.skip_reason) for item in items] == [(5, "Duplicate of row 7: the same name and company.")]
    items = list(LeadsProcessor().process(work, AssignedSlice(0, [0, 2], slices[0].payload)))
    assert [(item.index, orjson.loads(item.result or b"")["row"]) for item in items] == [(0, 4), (2, 7)]


def test_planning_again_gives_the_same(run_leads: RunLeads) -> None:
    first, second = run_leads("leads.csv", CSV), run_leads("leads.csv", CSV)
    assert first.slices == second.slices
    assert first.spooled == second.spooled
    assert first.items == second.items


def test_the_log_says_what_is_read_and_what_came_out(run_leads: RunLeads) -> None:
    columns = (
        'Name from "Name"; E-mail from "E-Mail"; Phone from "Tel."; Company from "Firma"; Website from "Web"; '
        'Country from "Land". Kept as they are: "Segment": Its heading says something else.'
    )
    assert run_leads("leads.csv", CSV).lines == [
        "Reading text in UTF-8, divided by semicolons; the header is row 3.",
        f"Columns: {columns}",
        "6 leads, 3 of them duplicates of others.",
        "2 of 6 leads kept, 3 duplicates left out, 1 that reach nobody.",
    ]


def test_progress_never_passes_its_total(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"email\n" + b"".join(b"a%d@example.com\n" % n for n in range(5000)))
    work = FakeWork(LeadsOptions(), tmp_path)
    list(LeadsProcessor().plan(work, [Source("a.csv", path, 1, "text/csv")]))
    assert len(work.told) == 5
    assert all(total is not None and done <= total for done, total in work.told)


def test_the_header_is_not_a_lead_where_it_stands_again(run_leads: RunLeads) -> None:
    data = b"name,email\nAnna,a@example.com\nname,email\nBen,b@example.com\n"
    assert run_leads("a.csv", data).names == ["Row 2", "Row 4"]


def test_values_far_below_or_beside_the_table_are_kept_as_extra_columns(run_leads: RunLeads) -> None:
    lines = [f"a{number}@example.com,,{number}" for number in range(300)]
    lines += ["b@example.com,late,5", "c@example.com,,6,beside,,far"]
    run = run_leads("a.csv", "\n".join(["email,,n", *lines]).encode())
    assert run.results[300]["extra"] == {"n": "5", "Column B": "late"}
    assert run.results[301]["extra"] == {"n": "6", "Column D": "beside", "Column F": "far"}
    assert list(run.csv_rows[0])[-4:] == ["Column B", "n", "Column D", "Column F"]


def test_sheets_without_a_table_are_passed_over(run_leads: RunLeads) -> None:
    def write(book: Any) -> None:
        book.add_worksheet("Read me").write_string(0, 0, "How to use this workbook")
        book.add_worksheet("Empty")
        sheet = book.add_worksheet("People")
        sheet.write_row(1, 1, ["Name", "E-mail"])
        sheet.write_row(2, 1, ["Anna", "a@example.com"])

    run = run_leads("a.xlsx", written(write))
    assert (run.report["sheet"], run.report["headerRow"], run.names) == ("People", 2, ["Row 3"])


REFUSED: list[tuple[str, bytes, dict[str, Any], ErrorCode, str]] = [
    ("a.csv", b"name,email\n", {}, ErrorCode.BAD_INPUT, "The file has a header but no rows."),
    ("a.csv", b"\n\n , \n", {}, ErrorCode.BAD_INPUT, "There is no table in the file: all of it is empty."),
    ("a.csv", b"city,size\nRome,5\n", {}, ErrorCode.BAD_INPUT, "The file has no column in which e-mail addresses"),
    ("a.csv", CSV, {"sheet": "A"}, ErrorCode.BAD_INPUT, 'There is no sheet "A": a text file has no sheets.'),
    ("a.csv", CSV, {"columns": {"email": "Z"}}, ErrorCode.BAD_INPUT, 'There is no column "Z" for E-mail.'),
    ("a.xlsx", workbook_of(""), {}, ErrorCode.BAD_INPUT, "There is no table in the file: all of it is empty."),
    ("a.xlsx", b"", {}, ErrorCode.CORRUPT_FILE, "The file is empty."),
    ("a.xlsx", b"\x89PNG", {}, ErrorCode.UNSUPPORTED_TYPE, "The file is a PNG image"),
    ("a.xlsx", bomb("xl/sharedStrings.xml", 64), {}, ErrorCode.UNSAFE_ARCHIVE, "The workbook would unpack to"),
]


@pytest.mark.parametrize(("name", "data", "options", "code", "sentence"), REFUSED)
def test_a_file_without_leads_is_refused(
    run_leads: RunLeads, name: str, data: bytes, options: dict[str, Any], code: ErrorCode, sentence: str
) -> None:
    with pytest.raises(Refusal) as caught:
        run_leads(name, data, **options)
    assert caught.value.code is code
    assert caught.value.message.startswith(sentence)


def test_a_sheet_with_a_header_and_no_rows_is_refused_by_name(run_leads: RunLeads) -> None:
    def write(book: Any) -> None:
        book.add_worksheet("New").write_row(0, 0, ["Name", "E-mail"])

    with pytest.raises(Refusal, match='The sheet "New" has a header but no rows'):
        run_leads("a.xlsx", written(write))


def test_a_quotation_mark_without_an_end_is_warned_of_and_swallows_no_rows(run_leads: RunLeads) -> None:
    data = b'name,email\nAnna,a@example.com\n"Ben,b@example.com\n' + b"Cara,c@example.com\n" * 150
    run = run_leads("a.csv", data)
    warning = "A quotation mark that opens a cell has no end: it was read as plain text, in row 3."
    assert run.report["totals"]["leads"] == 152
    assert warning in run.lines
    assert run.report["notes"] == [warning]


def test_formulas_stay_harmless_through_the_whole_road(run_leads: RunLeads) -> None:
    data = b'email,notes,=evil\na@example.com,"=HYPERLINK(""http://x"")",@SUM(1)\n'
    run = run_leads("a.csv", data)
    row = run.csv_rows[0]
    assert (row["Notes"], row["'=evil"]) == ('\'=HYPERLINK("http://x")', "'@SUM(1)")


def test_the_sample_has_something_of_everything(run_leads: RunLeads) -> None:
    run = run_leads("leads.xlsx", Path("docs/samples/leads.xlsx"))
    assert run.report["headerRow"] == 4
    assert run.report["totals"] == {"leads": 500, "kept": 421, "duplicates": 64, "invalid": 15}
    assert all(run.report["duplicatesBy"].values())
    assert all(level is not LogLevel.ERROR for level in LogLevel if level in run.lines)
