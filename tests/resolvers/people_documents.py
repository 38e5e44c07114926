"""Operations on users, API tokens and the audit log."""

from typing import Any

from tests.web_app import App, Person

CREATE_USER = """mutation ($u: String!, $p: String!, $r: Role! = USER) {
  createUser(username: $u, password: $p, role: $r) { id username role isAnonymous isDisabled createdAt } }"""


UPDATE_USER = """mutation ($id: ID!, $role: Role, $disabled: Boolean, $p: String) {
  updateUser(id: $id, role: $role, isDisabled: $disabled, password: $p) { id role isDisabled } }"""


CHANGE_PASSWORD = "mutation ($c: String!, $n: String!) { changePassword(current: $c, new: $n) { id } }"


LOGIN = "mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { accessToken } }"


USERS = """query ($first: Int! = 50, $offset: Int! = 0, $search: String) {
  users(first: $first, offset: $offset, search: $search) { id username } }"""


CREATE_TOKEN = """mutation ($name: String!, $end: DateTime) {
  createApiToken(name: $name, expiresAt: $end) { id name token createdAt lastUsedAt expiresAt } }"""


REVOKE = "mutation ($id: ID!) { revokeApiToken(id: $id) }"


TOKENS = "{ apiTokens { id name token lastUsedAt expiresAt } }"


AUDIT = """query ($o: ID, $first: Int! = 50, $after: ID) {
  auditLog(objectId: $o, first: $first, after: $after) { id at actor { id } action objectId detail } }"""


VIEWER = "{ viewer { id } }"


JOBS = "{ jobs { totalCount } }"


SOMEBODY = "user-1754556928-12a41dbec0f3"


async def api_token(app: App, who: Person, **variables: Any) -> dict[str, Any]:
    token: dict[str, Any] = (await app.data(CREATE_TOKEN, who, name="a program", **variables))["createApiToken"]
    return token
