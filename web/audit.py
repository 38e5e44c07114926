"""Audit of refused rights, at the two places where refusals leave.

Whoever raised them, they are not forgotten.
"""

from collections.abc import Sequence

from graphql import GraphQLError

from auth.audit import Action, note
from auth.viewer import Viewer
from base.errors import ErrorCode
from base.logging import log_for

log = log_for(__name__)


async def audit_refused_fields(viewer: Viewer | None, errors: Sequence[GraphQLError] | None) -> None:
    """One entry for all that one answer refuses: where the first refusal stands, and why."""
    forbidden = [error for error in errors or () if (error.extensions or {}).get("code") == ErrorCode.FORBIDDEN]
    if forbidden:
        path = ".".join(map(str, forbidden[0].path or ()))
        more = f" (and {len(forbidden) - 1} more)" if len(forbidden) > 1 else ""
        await audit_refusal(viewer, f"{path}: {forbidden[0].message}{more}".removeprefix(": "))


async def audit_refusal(viewer: Viewer | None, detail: str) -> None:
    """An entry that says who was refused what; one that cannot be written does not turn the refusal into anything else."""
    try:
        await note(Action.REFUSED, viewer.user_id if viewer is not None else None, None, detail)
    except Exception:
        log.exception("a refusal could not be noted", security=True)
