"""The manifest of the kind `demo`."""

from base.words import JobType
from processors.demo.options import DemoOptions
from processors.manifest import Kind, StageInfo

KIND = Kind(
    name="demo",
    job_type=JobType.TASK,
    description="Plays any life of a job on command: items, failures, an error, a stall, a question.",
    invitation="Play it.",
    stages=(
        StageInfo("prepare", "Preparing", 2),
        StageInfo("play", "Playing", 96),
        StageInfo("write", "Writing the result", 2),
    ),
    options=DemoOptions,
    max_files=2_000,
    processor="processors.demo.processor:DemoProcessor",
)
