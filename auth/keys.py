"""The secret keys of an installation.

One signs; while it changes, the signatures of several are accepted.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from base.errors import ErrorCode, Refusal
from models import Installation
from models.database import transaction
from models.fields import now

_ONLY_ROW = 1


@dataclass(frozen=True)
class Keys:
    """Secrets of at least 32 characters each.

    Attributes:
        signing: Signs whatever is new.
        others: Signatures by these are good, too: of keys that came before, or come next at some server.
    """

    signing: str = field(repr=False)
    others: tuple[str, ...] = field(default=(), repr=False)

    @property
    def accepted(self) -> tuple[str, ...]:
        """All of them, the signing one first."""
        return (self.signing, *self.others)


def fingerprint_of(key: str) -> str:
    """32 hex digits that tell keys apart, and from which no key can be computed."""
    return hmac.digest(key.encode(), b"fingerprint", hashlib.sha256).hex()[:32]


async def agree_on_key(keys: Keys) -> None:
    """See that all who share this database take each other's signatures; the first of them says what its key is.

    Raises:
        Refusal: SERVICE_UNAVAILABLE where the database is known to belong to a key that is none of `keys`.
    """
    ours = fingerprint_of(keys.signing)
    first = Installation(id=_ONLY_ROW, key_fingerprint=ours, changed_at=now())
    async with transaction() as db:
        # Of several that start at once the first one writes, and the others wait for it here.
        await Installation.bulk_create([first], ignore_conflicts=True, using_db=db)
        installation = await Installation.select_for_update(using_db=db).get(id=_ONLY_ROW)
        if installation.key_fingerprint == ours:
            return
        if installation.key_fingerprint not in map(fingerprint_of, keys.others):
            raise _another_key()
        installation.key_fingerprint, installation.changed_at = ours, now()
        await installation.save(using_db=db)


async def forget_key() -> None:
    """Have the next server that starts say what its key is; what was signed with a lost one is good nowhere any more."""
    await Installation.all().delete()


def _another_key() -> Refusal:
    return Refusal(
        ErrorCode.SERVICE_UNAVAILABLE,
        "The servers of this database sign with another secret key than this one would: give it theirs (their "
        "WAYBILL_SECRET_KEY, or the file secret_key of their data folder); where the key is meant to change, name theirs in "
        "WAYBILL_OTHER_SECRET_KEYS; where it is lost, run server.py --forget-secret-key.",
    )
