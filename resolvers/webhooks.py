"""Webhooks."""

from strawberry import ID

from schema.context import Info
from schema.types.arguments import IsEnabled, NewSecret, OtherEvents, OtherUrl, WebhookEvents, WebhookId, WebhookUrl
from schema.types.webhook import Webhook, WebhookDelivery, delivery_type, webhook_type
from webhooks.lifecycle import WebhookChanges, create_webhook, delete_webhook, try_webhook, update_webhook
from webhooks.queries import list_webhooks


async def resolve_webhooks(info: Info) -> list[Webhook]:
    return [webhook_type(webhook) for webhook in await list_webhooks(info.context.viewer)]


async def resolve_create_webhook(info: Info, url: WebhookUrl, events: WebhookEvents) -> Webhook:
    is_private_allowed = info.context.services.settings.webhook_allow_private
    webhook = await create_webhook(info.context.viewer, url, events, is_private_allowed=is_private_allowed)
    return webhook_type(webhook, webhook.secret)


async def resolve_update_webhook(
    info: Info,
    id: WebhookId,  # noqa: A002  the contract's name
    url: OtherUrl = None,
    events: OtherEvents = None,
    is_enabled: IsEnabled = None,
    new_secret: NewSecret = False,
) -> Webhook:
    is_private_allowed = info.context.services.settings.webhook_allow_private
    changes = WebhookChanges(url, events, is_enabled, new_secret)
    webhook, secret = await update_webhook(info.context.viewer, id, changes, is_private_allowed=is_private_allowed)
    return webhook_type(webhook, secret)


async def resolve_delete_webhook(info: Info, id: WebhookId) -> ID:  # noqa: A002  the contract's name
    return ID(await delete_webhook(info.context.viewer, id))


async def resolve_test_webhook(info: Info, id: WebhookId) -> WebhookDelivery:  # noqa: A002  the contract's name
    return delivery_type(await try_webhook(info.context.viewer, id, info.context.services.sender))
