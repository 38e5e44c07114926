"""Webhooks on a real database, with real receivers: each test that asks for `desk` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from base.words import Role
from models import User
from outgoing.session import outgoing_session
from tests.databases import Template, opened
from tests.webhooks.desk_for_tests import Desk
from tests.webhooks.receiver_for_tests import Receiver, receiving
from tests.workshop import Workshop
from webhooks.sending import Sender


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def desk(template: Template, tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(template, tmp_path), outgoing_session(is_private_allowed=True) as session:
        shop = Workshop(tmp_path)
        await User.create(id=shop.viewer.user_id, username="ada", role=Role.USER)
        yield Desk(shop, Sender(session))
