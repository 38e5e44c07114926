"""Sweep of callers' data at the start and every ten minutes."""

from datetime import timedelta
from functools import partial

from auth.retention import sweep_api_tokens, sweep_audit_log, sweep_guests, sweep_sessions
from background.sweepers import sweep_forever, sweep_in_steps
from jobs.retention import owners_of_jobs
from uploads.queries import owners_of_uploads

PEOPLE_SECONDS = 600.0


async def sweep_people_forever(retention_audit: timedelta) -> None:
    """Sweep now and every 10 min until cancelled."""
    await sweep_forever(partial(sweep_people, retention_audit), PEOPLE_SECONDS)


async def sweep_people(retention_audit: timedelta) -> None:
    """Remove ended sessions, revoked API tokens, guests who own nothing, and old entries of the audit log."""
    await sweep_in_steps(
        {
            "sessions that ended were removed": sweep_sessions,
            "API tokens that were revoked were removed": sweep_api_tokens,
            "anonymous users without anything were removed": partial(sweep_guests, owners_of_uploads, owners_of_jobs),
            "entries of the audit log have had their time": partial(sweep_audit_log, retention_audit),
        }
    )
