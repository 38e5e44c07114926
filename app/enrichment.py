"""Enrichers, made from the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from base.settings import Settings
from egress.chat import ChatClient, ChatEndpoint
from egress.session import guarded_session
from processors.contract import Enricher
from processors.leads.enrichment.enricher import LeadsEnricher
from processors.leads.kind import KIND as LEADS


@asynccontextmanager
async def opened_enrichers(settings: Settings) -> AsyncIterator[dict[str, Enricher]]:
    """The enricher of each kind that has one; without an endpoint it marks what it should have asked about."""
    if not settings.enrich_url:
        yield {LEADS.name: LeadsEnricher()}
        return
    endpoint = ChatEndpoint(
        settings.enrich_url,
        settings.enrich_model,
        settings.enrich_key.get_secret_value(),
        settings.enrich_timeout.total_seconds(),
    )
    async with guarded_session(is_private_allowed=settings.enrich_allow_private) as session:
        yield {LEADS.name: LeadsEnricher(ChatClient(session, endpoint), settings.enrich_budget)}
