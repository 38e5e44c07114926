"""Names of people and tokens."""

from base.errors import ErrorCode, Refusal

MAX_LENGTH = 100


def check_name(name: str, field: str) -> None:
    """Refuse a name that cannot be stored, or not be told from another by looking at it.

    Raises:
        Refusal: BAD_INPUT.
    """
    if not 0 < len(name) <= MAX_LENGTH or not name.isprintable() or name != name.strip():
        message = f"A name has 1 to {MAX_LENGTH} characters, no line breaks, and no space at its ends."
        raise Refusal(ErrorCode.BAD_INPUT, message, field)
