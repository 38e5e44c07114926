"""Commands of an operator that change one thing and end."""

from app.auth import describe_admin, opened_auth, read_keys
from app.connections import opened_database
from auth.accounts import reset_admin_password
from auth.keys import forget_key
from base.errors import translate_errors
from base.settings import Settings
from events.feed import open_events
from events.hub import Hub
from models.database import DATABASE_TROUBLE
from models.migrating import migrate

FORGOTTEN = "Forgotten: the next server that starts says what the secret key is. What was signed with another one ends."


async def migrate_tables(settings: Settings) -> str:
    """Bring the tables up to date. Returns a line for each migration that was applied.

    Raises:
        Refusal: SERVICE_UNAVAILABLE where the database cannot be opened; so do all others here.
    """
    with translate_errors(DATABASE_TROUBLE, settings.database_url):
        applied = await migrate(settings.database_url, settings.data_dir)
    return "\n".join(f"Applied {name}." for name in applied) or "Nothing was missing."


async def forget_secret_key(settings: Settings) -> str:
    """Let the next start have another secret key. Returns the sentence that says what this means."""
    async with opened_database(settings):
        await forget_key()
    return FORGOTTEN


async def reset_password(settings: Settings) -> str:
    """Give the admin a new password and end their sessions. Returns the sentence that shows it.

    Raises:
        Refusal: BAD_INPUT where there is no such admin.
    """
    keys = read_keys(settings)
    events = open_events(settings.redis_url, Hub(), settings.redis_prefix)
    async with opened_database(settings), opened_auth(settings, keys, events.publisher, None) as auth, events.running():
        password = await reset_admin_password(auth, settings.admin_username, settings.admin_password.get_secret_value())
    return describe_admin(settings.admin_username, password)
