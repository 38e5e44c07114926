"""A process of its own that receives uploads: `python -m tests.uploads.server_for_tests {data folder} {port}`."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from models.database import close_database
from models.migrating import open_database
from tests.uploads.app_for_tests import Recorder, make_app, make_services
from uploads.checkpoints import Intervals
from uploads.finishing import sweep_unfinished

CHECKPOINT_BYTES = 2_000_000
"""Of a body the row learns after so many, and of the rest at its end."""


def main(data_dir: Path, port: int) -> None:
    """Serve until killed."""
    checkpoints = Intervals(CHECKPOINT_BYTES, seconds=3_600, least_seconds=0)
    services = make_services(data_dir, Recorder(), max_size_bytes=8 * 1024**3, checkpoints=checkpoints)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await open_database("", data_dir)
        await sweep_unfinished(services)
        yield
        await services.tasks.stop()
        await close_database()

    uvicorn.run(make_app(services, lifespan=lifespan), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
