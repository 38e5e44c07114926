"""Planning a file of leads: choosing its table, spooling its rows, and settling who is in it twice."""

from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import orjson

from base.errors import ErrorCode, Refusal
from processors.contract import FileRole, LogLevel, MadeFile, PlannedSlice, Source, Work
from processors.leads.columns import REACHING, Layout, find_layout
from processors.leads.delimited import read_delimited
from processors.leads.duplicates import KeyCollector, find_duplicates
from processors.leads.formats import TableKind, find_kind
from processors.leads.leads import Cells, LeadReader
from processors.leads.options import LeadsOptions
from processors.leads.spool import DUPLICATES, PLAN, ROWS, Plan, pack_duplicates
from processors.leads.tables import Table
from processors.leads.text import clean_row
from processors.leads.workbooks import list_tables, open_workbook

SAMPLE_ROWS = 250
"""Non-blank rows in which the header and the columns are looked for."""
PROGRESS_EVERY = 1_000
READ_SHARE = 0.9
