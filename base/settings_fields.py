"""Fields of the settings, for whoever shows or explains them."""

from datetime import timedelta

from base.addresses import check_has_no_space
from base.settings import Settings
from base.units import duration_text, parse_bytes, size_text


def is_secret(name: str) -> bool:
    """Whether nobody may read the value of the field `name`."""
    return "SecretStr" in str(Settings.model_fields[name].annotation)


def is_address(name: str) -> bool:
    """Whether the field `name` is an address, in which a password may stand."""
    return any(getattr(bound, "func", None) is check_has_no_space for bound in Settings.model_fields[name].metadata)


def is_size(name: str) -> bool:
    """Whether the field `name` is a number of bytes."""
    return any(getattr(bound, "func", None) is parse_bytes for bound in Settings.model_fields[name].metadata)


def kind_of(name: str) -> str:
    """What a number has to be, such as `a whole number from 0 to 65535`."""
    metadata = Settings.model_fields[name].metadata
    least, most = (
        next((getattr(bound, end) for bound in metadata if hasattr(bound, end)), None) for end in ("ge", "le")
    )
    if isinstance(least, timedelta):
        return f"a time of at least {duration_text(least)}"
    if is_size(name):
        return f"a size of at least {size_text(least or 0)}"
    return f"a whole number from {least} to {most}" if most is not None else f"a whole number, at least {least}"
