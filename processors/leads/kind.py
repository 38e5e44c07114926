"""The manifest of the kind `leads`."""

from base.words import JobType
from processors.leads.options import LeadsOptions
from processors.manifest import Kind, StageInfo
from processors.tables.endings import ENDINGS

KIND = Kind(
    name="leads",
    job_type=JobType.BATCH,
    description="Reads leads from a spreadsheet or CSV file, cleans and checks each, finds duplicates, and scores them.",
    invitation="Check a file of leads.",
    stages=(
        StageInfo("read", "Reading the file", 10),
        StageInfo("check", "Checking leads", 75),
        StageInfo("write", "Writing results", 15),
    ),
    options=LeadsOptions,
    accept=ENDINGS,
    min_files=1,
    processor="processors.leads.processor:LeadsProcessor",
    max_result_bytes=256 * 1024,
)
