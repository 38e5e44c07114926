"""The manifest of the kind `omr`."""

from base.words import JobType
from processors.manifest import Kind, StageInfo
from processors.omr.options import OmrOptions
from processors.omr.pages.formats import ENDINGS

KIND = Kind(
    name="omr",
    job_type=JobType.BATCH,
    description="Reads scanned answer sheets: registers each, reads its bubbles, scores it, and lists what a person should look at.",
    invitation="Read answer sheets.",
    stages=(
        StageInfo("open", "Opening the files", 5),
        StageInfo("read", "Reading sheets", 85),
        StageInfo("write", "Writing results", 10),
    ),
    options=OmrOptions,
    accept=(".zip", *ENDINGS, ".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xlsb", ".ods"),
    min_files=1,
    max_files=2_000,
    processor="processors.omr.processor:OmrProcessor",
    max_result_bytes=256 * 1024,
    reads_inputs=True,
    reads_item_files=True,
    reviewer="processors.omr.reviewing:check_review",
    finish_options=frozenset({"answerKey"}),
)
