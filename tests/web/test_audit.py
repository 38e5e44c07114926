"""The audit of refusals, also where it cannot be written."""

import pytest
from graphql import GraphQLError
from structlog.testing import capture_logs

from base.errors import ErrorCode, Refusal, error_extensions
from models import AuditEntry
from tests.web_app import App
from web.audit import audit_refused_fields


def error_of(code: ErrorCode, path: list[str | int] | None) -> GraphQLError:
    return GraphQLError("No.", path=path, extensions=error_extensions(Refusal(code, "No.")))


async def test_all_that_one_answer_refuses_is_one_entry(app: App) -> None:
    person = await app.person()
    errors = [
        error_of(ErrorCode.NOT_FOUND, ["a"]),
        error_of(ErrorCode.FORBIDDEN, ["b", 0, "c"]),
        error_of(ErrorCode.FORBIDDEN, ["d"]),
        error_of(ErrorCode.FORBIDDEN, ["e"]),
    ]
    await audit_refused_fields(person.viewer, errors)
    (entry,) = await AuditEntry.all()
    assert (entry.action, entry.actor_id, entry.detail) == ("REFUSED", person.id, "b.0.c: No. (and 2 more)")


@pytest.mark.parametrize("code", [ErrorCode.UNAUTHENTICATED, ErrorCode.NOT_FOUND, ErrorCode.INTERNAL_ERROR])
async def test_no_other_refusal_is_noted(app: App, code: ErrorCode) -> None:
    await audit_refused_fields(None, [error_of(code, ["a"])])
    await audit_refused_fields(None, None)
    assert await AuditEntry.all().count() == 0


async def test_a_refusal_that_cannot_be_noted_is_a_refusal_still(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OSError

    person = await app.person()
    monkeypatch.setattr("web.audit.note", fail)
    with capture_logs() as lines:
        answer = await app.ask("{ users { id } }", person)
    assert answer.code == "FORBIDDEN"
    assert "a refusal could not be noted" in [line["event"] for line in lines]
