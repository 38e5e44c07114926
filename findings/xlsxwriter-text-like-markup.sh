#!/usr/bin/env bash
# Text cells that begin with <r> and end with </r> come back empty from workbooks of XlsxWriter.
#
# XlsxWriter 3.3.1: write_string() puts such a text into sharedStrings.xml as if it were a rich string of its own making,
# unescaped and without a <t>; openpyxl 3.1.5 and python-calamine 0.9.1 read an empty cell, without an error. Any
# other markup, also <b>12</b> or <r>12</r> with a space behind it, comes back as it was written.
#
# Seen (XlsxWriter 3.3.1, openpyxl 3.1.5, python-calamine 0.9.1; Python 3.11):
#   write_string answered [0, 0, 0, 0]
#   wrote ['<r>12</r>', '<b>12</b>', '<r>12</r> ', 'a<r>12</r>'], read ['', '<b>12</b>', '<r>12</r> ', 'a<r>12</r>']
# Expected: every text comes back as it was written.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check xlsxwriter==3.3.1 openpyxl==3.1.5 python-calamine==0.9.1
"$folder/venv/bin/python" - "$folder/texts.xlsx" <<'PYTHON'
import sys

import openpyxl
import python_calamine
import xlsxwriter

path = sys.argv[1]
texts = ["<r>12</r>", "<b>12</b>", "<r>12</r> ", "a<r>12</r>"]
with xlsxwriter.Workbook(path) as book:
    sheet = book.add_worksheet()
    codes = [sheet.write_string(0, column, text) for column, text in enumerate(texts)]
read = {
    "openpyxl": [cell.value for cell in openpyxl.load_workbook(path).active[1]],
    "calamine": python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[0],
}
print(f"xlsxwriter {xlsxwriter.__version__}; write_string answered {codes}")
for name, values in read.items():
    print(f"{name}: wrote {texts}, read {values}")
assert codes == [0, 0, 0, 0]
for values in read.values():
    assert values[0] in (None, "") and list(values[1:]) == texts[1:], values
PYTHON
