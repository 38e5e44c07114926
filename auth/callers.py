"""Authentication of callers by a bearer token.

It is an access token of ours, an API token, or a token of the outside issuer.
"""

from auth.accounts import take_in
from auth.api_tokens import PREFIX, find_token_viewer
from auth.outside_token import OutsideToken
from auth.queries import find_session_viewer
from auth.viewer import Viewer
from auth.wiring import AuthServices
from base.errors import ErrorCode, Refusal


async def find_viewer(auth: AuthServices, authorization: str | None) -> Viewer | None:
    """The caller that the value of an Authorization header names; None where there is none.

    Raises:
        Refusal: INVALID_TOKEN or TOKEN_EXPIRED, also for a session that ended and a user who is disabled or gone;
            SERVICE_UNAVAILABLE where the outside issuer would have to be asked and cannot be.
    """
    if not authorization:
        return None
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Refusal(ErrorCode.INVALID_TOKEN, "Send the access token as: Authorization: Bearer <token>")
    if token.startswith(PREFIX):
        return await find_token_viewer(token)
    if auth.issuer is not None and auth.issuer.has_issued(token):
        return await _find_outside_viewer(auth, await auth.issuer.read(token))
    return await find_session_viewer(auth.keys, token)


async def _find_outside_viewer(auth: AuthServices, token: OutsideToken) -> Viewer:
    user = await take_in(auth, token)
    return Viewer(user.id, user.role, "", token.expires_at)
