"""Program 1: answers HTTP and WebSocket."""

import argparse
import os
import sys
from collections.abc import Coroutine
from functools import partial
from pathlib import Path

import uvloop

from app.garbage import spare_garbage_collection
from app.maintenance import forget_secret_key, migrate_tables, reset_password
from app.plug_ins import log_plug_ins
from app.roles import Role, server_role
from app.services import opened_server
from app.settings_report import check_settings, checked_settings, log_unknown_settings
from background.backup import back_up
from background.queue import is_outage
from background.shutdown import Shutdown, log_stopped
from base.errors import Refusal
from base.logging import announce, log_for, set_up_logging, without_passwords
from base.settings import PRIVATE_UMASK, VERSION, Settings
from base.settings_reading import SettingsError
from schema.build import build_schema, print_schema
from storage.data_folder import lock_data_folder
from storage.disk_space import describe_low_space
from web.admission import admission_for
from web.connection import ConnectionLimits
from web.listening import address_of, bind, listen

log = log_for("server")


def main() -> int:
    """Parse the command line, and run until told to stop. Returns the exit code."""
    arguments = _parser().parse_args()
    os.umask(PRIVATE_UMASK)
    if arguments.print_schema:
        sys.stdout.write(print_schema(build_schema()))
        return 0
    try:
        if arguments.check:
            return _check()
        settings = checked_settings()
        set_up_logging(settings.log_format, settings.log_level, is_outage)
        log_unknown_settings()
        log_plug_ins()
        if arguments.backup is not None:
            return back_up(settings, arguments.backup, partial(print, flush=True))
        role = server_role(settings)
        with lock_data_folder(settings.data_dir, is_shared=role is Role.SERVER):
            return uvloop.run(_run(arguments, settings, role))
    except (SettingsError, Refusal) as error:
        print(without_passwords(str(error)), file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
    return 1


def _run(arguments: argparse.Namespace, settings: Settings, role: Role) -> Coroutine[None, None, int]:
    """What the command line asks for."""
    commands = {
        "migrate": migrate_tables,
        "reset_admin_password": reset_password,
        "forget_secret_key": forget_secret_key,
    }
    for name, command in commands.items():
        if getattr(arguments, name):
            return _print_result(command(settings))
    return _serve(settings, role, Shutdown())


async def _print_result(command: Coroutine[None, None, str]) -> int:
    print(await command)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="server.py", description="Waybill's server. Settings are environment variables."
    )
    parser.add_argument("--check", action="store_true", help="print every setting with its source, and what is unsafe")
    parser.add_argument(
        "--reset-admin-password", action="store_true", help="give the admin a new password, and print it"
    )
    parser.add_argument("--migrate", action="store_true", help="bring the tables up to date, and end")
    parser.add_argument(
        "--forget-secret-key", action="store_true", help="let the next start have another secret key than the last one"
    )
    parser.add_argument("--backup", type=Path, metavar="FOLDER", help="write a backup there, while servers may run")
    parser.add_argument("--print-schema", action="store_true", help="print the GraphQL schema")
    return parser


def _check() -> int:
    report = check_settings()
    print("\n".join(report.lines))
    return 0 if report.is_right else 1


async def _serve(settings: Settings, role: Role, shutdown: Shutdown) -> int:
    port = bind(settings.host, settings.port)
    if (low_space := describe_low_space(settings.data_dir)) is not None:
        log.warning(low_space)
    async with opened_server(settings, role) as services:
        shutdown.on_signal(services.draining.begin)
        app = services.asgi(build_schema())
        spare_garbage_collection()
        ready = f"Waybill {VERSION} is ready: {without_passwords(settings.public_url) or address_of(port)}/graphql"
        limits = ConnectionLimits(
            admission_for(
                settings.connections, settings.connections_per_address, settings.trusted_proxies, settings.workers
            )
        )
        await listen(
            app,
            port,
            limits,
            services.draining,
            partial(announce, ready, settings.log_format),
            has_colleagues=role is Role.SERVER,
        )
    log_stopped()
    return 0


if __name__ == "__main__":
    sys.exit(main())
