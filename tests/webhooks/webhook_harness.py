"""A harness of webhooks: one owner, who has jobs, and a sender that reaches this machine."""

from dataclasses import dataclass
from datetime import timedelta

from tortoise.connection import get_connection

from auth.viewer import Viewer
from background.deliveries import STOP_SECONDS, WebhookDispatcher
from base.words import JobStatus
from models import Webhook, WebhookDelivery
from tests.job_harness import JobHarness
from webhooks.lifecycle import create_webhook
from webhooks.payloads import EVENTS
from webhooks.planning import plan_deliveries
from webhooks.sending import Sender


@dataclass
class WebhookHarness:
    """Webhooks of the owner of `jobs`, and what delivers to them."""

    jobs: JobHarness
    sender: Sender
    wake_ups: int = 0

    @property
    def viewer(self) -> Viewer:
        return self.jobs.viewer

    async def wake_up(self) -> None:
        """As the queue's."""
        self.wake_ups += 1

    def dispatcher(self, stop_seconds: float = STOP_SECONDS) -> WebhookDispatcher:
        return WebhookDispatcher(self.sender, self.wake_up, stop_seconds)

    async def webhook(self, url: str, *events: str, viewer: Viewer | None = None) -> Webhook:
        """A webhook for `events`, or for all."""
        return await create_webhook(viewer or self.viewer, url, events or EVENTS, is_private_allowed=True)

    async def deliver(self) -> None:
        """Do all there is to do now."""
        await self.dispatcher().work()

    async def planned(self) -> WebhookDelivery:
        """A delivery of a job that was cancelled, not sent yet; there must be one webhook for it."""
        job = await self.jobs.put_into(JobStatus.CANCELLED)
        await plan_deliveries()
        return await WebhookDelivery.filter(job_id=job.id).get()

    async def age(self, by: timedelta) -> None:
        """Let the clock of the database run on: all that is known of deliveries lies further back."""
        statement = (
            "UPDATE webhook_deliveries SET created_at = created_at - {0}, next_attempt_at = next_attempt_at - {0}, "
            "delivered_at = delivered_at - {0}"
        )
        await get_connection("default").execute_query(statement.format(by.total_seconds()))
        await get_connection("default").execute_query(
            f"UPDATE webhooks SET succeeded_at = succeeded_at - {by.total_seconds()}"
        )
