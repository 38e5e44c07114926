"""The schema in memory, served by Waybill's stack or by Strawberry's.

    python -m benchmarks.asking.memory waybill|strawberry JOBS.json     prints its port once it listens

Waybill's stack is all of it but the data: rights, limits, deadlines, log and metrics are as its settings say, and so are
its database and its data folder.
"""

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Any, cast

import strawberry
import uvicorn
import uvloop
from strawberry.asgi import GraphQL
from strawberry.schema.config import StrawberryConfig

from app.garbage import spare_garbage_collection
from app.roles import Role
from app.services import opened_server
from app.settings_report import checked_settings
from base.logging import set_up_logging
from benchmarks.asking.memory_schema import Query, read_jobs
from schema.build import Schema
from schema.types.scalars import SCALARS
from web.admission import Admission
from web.connection import ConnectionLimits
from web.listening import address_of, bind, listen

_CONFIG = StrawberryConfig(scalar_map=SCALARS)


async def _serve_waybill() -> None:
    settings = checked_settings()
    set_up_logging(settings.log_format, settings.log_level)
    schema = Schema(query=Query, config=_CONFIG)
    port = bind(settings.host, settings.port)
    settings.data_dir.mkdir(parents=True)
    async with opened_server(settings, Role.EMBEDDED) as services:
        app = services.asgi(schema)
        spare_garbage_collection()
        await listen(
            app,
            port,
            ConnectionLimits(Admission()),
            services.draining,
            partial(_say_port, address_of(port)),
            has_colleagues=False,
        )


async def _serve_strawberry() -> None:
    view = GraphQL[Any, None](strawberry.Schema(query=Query, config=_CONFIG))
    listener = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(cast("Any", view), access_log=False, log_level="warning"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    _say_port(address_of(listener))
    await serving


def _say_port(address: str) -> None:
    print(address.rpartition(":")[2], flush=True)


def main() -> None:
    """Fill the memory, and answer until killed."""
    read_jobs(Path(sys.argv[2]))
    uvloop.run(_serve_waybill() if sys.argv[1] == "waybill" else _serve_strawberry())


if __name__ == "__main__":
    main()
