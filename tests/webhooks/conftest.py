"""Webhooks on a real database, with real receivers: each test that asks for `webhook_harness` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from base.words import Role
from egress.session import guarded_session
from models import User
from tests.databases import Template, opened
from tests.job_harness import JobHarness
from tests.webhooks.receiver_for_tests import Receiver, receiving
from tests.webhooks.webhook_harness import WebhookHarness
from webhooks.sending import Sender


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def webhook_harness(template: Template, tmp_path: Path) -> AsyncIterator[WebhookHarness]:
    async with opened(template, tmp_path), guarded_session(is_private_allowed=True) as session:
        jobs = JobHarness(tmp_path)
        await User.create(id=jobs.viewer.user_id, username="ada", role=Role.USER)
        yield WebhookHarness(jobs, Sender(session))
