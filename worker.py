"""Program 2: runs `background/` alone, on as many machines as wanted.

They share the database, Redis and the data folder.
"""

import argparse
import asyncio
import os
import sys

import uvloop

from app.background import running_background
from app.plug_ins import log_plug_ins
from app.roles import worker_role
from app.services import opened_worker
from app.settings_report import checked_settings, log_unknown_settings
from background.queue import is_outage
from background.shutdown import Shutdown, log_stopped
from base.errors import Refusal
from base.logging import announce, set_up_logging, without_passwords
from base.settings import PRIVATE_UMASK, VERSION, Settings
from base.settings_reading import SettingsError


def main() -> int:
    """Work until told to stop. Returns the exit code."""
    argparse.ArgumentParser(
        prog="worker.py", description="Waybill's worker. Settings are environment variables."
    ).parse_args()
    os.umask(PRIVATE_UMASK)
    try:
        settings = checked_settings()
        set_up_logging(settings.log_format, settings.log_level, is_outage)
        log_unknown_settings()
        log_plug_ins()
        worker_role(settings)
        uvloop.run(_work(settings, Shutdown()))
    except (SettingsError, Refusal) as error:
        print(without_passwords(str(error)), file=sys.stderr)
        return 1
    return 0


async def _work(settings: Settings, shutdown: Shutdown) -> None:
    stop = asyncio.Event()
    async with opened_worker(settings) as services:
        shutdown.on_signal(stop.set)
        async with running_background(services):
            announce(f"Waybill {VERSION} worker is ready: {settings.workers} processes", settings.log_format)
            await stop.wait()
    log_stopped()


if __name__ == "__main__":
    sys.exit(main())
