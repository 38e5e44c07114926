"""Fixtures: an issuer that runs, and services that take its tokens."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.auth.issuer_for_tests import Issuer, running_issuer
from tests.auth.outside.told import Clock, Told


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def door(issuer: Issuer, clock: Clock, session: aiohttp.ClientSession) -> Told:
    return Told(issuer, clock, session)


@pytest.fixture
def strict(issuer: Issuer, clock: Clock, session: aiohttp.ClientSession) -> Told:
    """The claim `role` tells the role."""
    return Told(issuer, clock, session, "role")
