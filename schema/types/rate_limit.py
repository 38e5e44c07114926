"""Type of a caller's rate limit."""

from datetime import datetime

import strawberry

from auth.rates import Allowance


@strawberry.type(description="What is left of one limit of GraphQL operations.")
class RateLimit:
    """See `auth.rates.Allowance`."""

    name: str = strawberry.field(description="minute or second.")
    limit: int = strawberry.field(description="Operations in that time.")
    remaining: int = strawberry.field(description="Operations that are left of them.")
    reset_at: datetime = strawberry.field(description="When all of them are there again.")


def rate_limit_type(allowance: Allowance) -> RateLimit:
    """The limit as clients see it."""
    return RateLimit(
        name=allowance.name, limit=allowance.limit, remaining=allowance.remaining, reset_at=allowance.reset_at
    )
