"""Units of sizes and times, as people write them."""

import re
from datetime import timedelta
from typing import Any

KIB, MIB, GIB = 1024, 1024**2, 1024**3
_BYTE_UNITS = {"": 1, "B": 1, "KIB": KIB, "MIB": MIB, "GIB": GIB, "TIB": 1024**4, "KB": 1000, "MB": 10**6, "GB": 10**9}
_SECONDS = {"": 1, "s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400}


def parse_bytes(value: Any) -> Any:
    """`"10 GiB"`, `"500MB"` or `1048576` as a number of bytes."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(value))
    if match is None or match[2].upper() not in _BYTE_UNITS:
        msg = "is not a size: write a number of bytes or for example '500 MiB' or '10 GiB'"
        raise ValueError(msg)
    return int(float(match[1]) * _BYTE_UNITS[match[2].upper()])


def parse_duration(value: Any) -> Any:
    """`"24 h"`, `"7d"`, `"90 min"` or a number of seconds as a timedelta."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(value))
    if match is None or match[2].lower() not in _SECONDS:
        msg = "is not a time: write a number of seconds or for example '90 min', '24 h' or '7 d'"
        raise ValueError(msg)
    return timedelta(seconds=float(match[1]) * _SECONDS[match[2].lower()])


def duration_text(value: timedelta) -> str:
    """`24 h` in the largest unit in which it is a whole number."""
    seconds = value.total_seconds()
    unit = next((unit for unit in ("d", "h", "min") if seconds % _SECONDS[unit] == 0), "s")
    return f"{seconds / _SECONDS[unit]:g} {unit}"


def size_text(value: Any) -> str:
    """`10 GiB` in the largest unit in which it is a whole number; what is no number stays as it is."""
    if not isinstance(value, int):
        return str(value)
    unit = next(
        (unit for unit in ("TiB", "GiB", "MiB", "KiB") if value and value % _BYTE_UNITS[unit.upper()] == 0), "B"
    )
    return f"{value // _BYTE_UNITS[unit.upper()]} {unit}"
