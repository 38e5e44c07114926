"""Tables of results: by this process, and by one beside it."""

import zipfile
from pathlib import Path

import pytest

from processors.leads.finishing import finish_leads
from processors.leads.options import LeadsOptions
from processors.leads.result_tables import TableProgram
from processors.leads.sheets import FIXED, NOT_KEPT, REASONS_COLUMN
from storage.disk_space import is_disk_full
from tests.processors.fake_work import FakeWork
from tests.processors.leads.conftest import RunLeads
from tests.small_disk import mounted

HEADINGS = [heading for _, heading in FIXED]
SHEETS = (("Leads", HEADINGS), ("Not kept", NOT_KEPT))
LEADS = b"""Name,E-mail,Phone,Company,=Notes
Anna Smith,anna@example.com,+49 170 1234567,"Acme, Inc.",=1+1
"Zo\xc3\xab <b>",zoe@example.com,,,"a
b"
Ben,,12345,,|
Cara,anna@example.com,,,
"""


def test_a_program_writes_the_same_files(run_leads: RunLeads, tmp_path: Path) -> None:
    run = run_leads("leads.csv", LEADS)
    spool = {}
    for name, data in run.spooled.items():
        spool[name] = tmp_path / name
        spool[name].write_bytes(data)
    (folder := tmp_path / "again").mkdir()
    work = FakeWork(LeadsOptions(), folder, spool=spool)
    files = {made.name: made.path.read_bytes() for made in finish_leads(work, LeadsOptions(), run.items, many_items=4)}
    assert files == {name: made.path.read_bytes() for name, made in run.files.items()}
    assert len(run.csv_rows) == 2


def test_a_program_that_is_not_told_all_leaves_no_whole_workbook(tmp_path: Path) -> None:
    tables = TableProgram(tmp_path, SHEETS, REASONS_COLUMN)
    tables.add(["Anna", *([None] * (len(HEADINGS) - 1))], is_kept=True)
    tables.__exit__(LookupError, LookupError(), None)
    assert tables.process.returncode == 1
    with pytest.raises(KeyError), zipfile.ZipFile(tmp_path / "leads.xlsx") as book:
        book.getinfo("xl/workbook.xml")


def test_what_the_system_refuses_the_program_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), TableProgram(tmp_path / "nowhere", SHEETS, REASONS_COLUMN):
        pass


def test_an_error_in_the_program_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(ChildProcessError), TableProgram(tmp_path, SHEETS, REASONS_COLUMN) as tables:
        tables.pipe.write(b"[]\n")


def test_a_disk_that_is_full_for_the_program_is_full_here(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", 2**20) as disk:
        tables = TableProgram(disk, SHEETS, REASONS_COLUMN)
        with pytest.raises(OSError, match="No space left") as raised, tables:
            _add_many(tables)
        assert is_disk_full(raised.value)


def _add_many(tables: TableProgram) -> None:
    for _ in range(50_000):
        tables.add(["A" * 100, *([None] * (len(HEADINGS) - 1))], is_kept=True)
