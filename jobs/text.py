"""Text as every database stores it: PostgreSQL takes no NUL, UTF-8 has no lone surrogates, and columns have a length."""

from typing import Any

import orjson

_NUL_IN_JSON = b"\\u0000"


def sanitise(text: str, length: int | None = None) -> str:
    """`text` without NUL, with U+FFFD for each lone surrogate, and at most `length` characters long."""
    text = text[:length].replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def sanitise_json(value: Any) -> Any:
    """The JSON value `value` with all its texts, names too, made sanitise."""
    match value:
        case str():
            return sanitise(value)
        case dict():
            return {sanitise(str(name)): sanitise_json(member) for name, member in value.items()}
        case list() | tuple():
            return [sanitise_json(member) for member in value]
    return value


def sanitise_result(result: bytes) -> str:
    """The JSON text `result`; only one that speaks of NUL is looked into."""
    return (orjson.dumps(sanitise_json(orjson.loads(result))) if _NUL_IN_JSON in result else result).decode()
