"""Services of signing in, opened from the settings.

Keys, the login throttle, rates, and an outside issuer where one is set.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from auth.accounts import ensure_admin
from auth.keys import Keys
from auth.login_throttle import LoginThrottle
from auth.rates import Rates, rate_storage
from auth.redis_failure_counters import RedisFailureCounters
from auth.wiring import AuthServices
from base.errors import ErrorCode, Refusal, translate_errors
from base.logging import announce
from base.redis import Redis
from base.settings import Settings
from base.settings_checks import MIN_KEY_CHARACTERS
from events.hub import Publisher
from events.messages import Event
from storage.data_folder import read_secret_key

if TYPE_CHECKING:
    from auth.outside import OutsideIssuer


def read_keys(settings: Settings) -> Keys:
    """The keys of the settings, or the one that the data folder keeps.

    Raises:
        Refusal: SERVICE_UNAVAILABLE where it cannot be read or is damaged, with a sentence for the operator.
    """
    with translate_errors(f"The secret key in the data folder {settings.data_dir} cannot be read or written"):
        secret_key = settings.secret_key.get_secret_value() or read_secret_key(settings.data_dir)
    if len(secret_key) < MIN_KEY_CHARACTERS:
        message = (
            f"The secret key in the data folder {settings.data_dir} is damaged: restore it, or, where it is lost, delete it and "
            "run server.py --forget-secret-key to have a new one made."
        )
        raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message)
    return Keys(secret_key, tuple(key.get_secret_value() for key in settings.other_secret_keys))


@asynccontextmanager
async def opened_auth(
    settings: Settings, keys: Keys, publisher: Publisher, redis: Redis | None
) -> AsyncIterator[AuthServices]:
    """Services of signing in, until the block is left; failures are counted in Redis where there is one."""

    async def publish_access(user_id: str) -> None:
        await publisher.publish(Event("access", {"id": user_id}))

    async with _opened_issuer(settings) as issuer:
        yield AuthServices(
            keys,
            publish_access,
            settings.allow_anonymous,
            LoginThrottle(RedisFailureCounters(redis, settings.redis_prefix)) if redis else LoginThrottle(),
            issuer,
            Rates(
                rate_storage(redis, settings.redis_prefix),
                per_hour=settings.anonymous_sessions_per_hour,
                what="anonymous sessions",
            ),
        )


@asynccontextmanager
async def _opened_issuer(settings: Settings) -> AsyncIterator["OutsideIssuer | None"]:
    """The outside issuer of the settings, until the block is left; None where they name none."""
    if not settings.oidc_issuer:
        yield None
        return
    import aiohttp  # noqa: PLC0415  as these: 17 MB, with the ciphers of all tokens

    from auth.outside import OutsideIssuer  # noqa: PLC0415
    from auth.outside_keys import OutsideKeys, fetching  # noqa: PLC0415

    async with aiohttp.ClientSession() as session:
        keys = OutsideKeys(settings.oidc_issuer, fetching(session))
        yield OutsideIssuer(settings.oidc_issuer, settings.oidc_audience, settings.oidc_role_claim, keys)


async def announce_new_admin(settings: Settings) -> None:
    """Make the first admin where there is none, and print their password where it was made up, this once."""
    password = await ensure_admin(settings.admin_username, settings.admin_password.get_secret_value())
    if password is not None:
        announce(describe_admin(settings.admin_username, password), settings.log_format)


def describe_admin(username: str, password: str) -> str:
    """The one sentence in which a password is shown."""
    return f"Admin: user name {username}, password {password} (shown this once)"
