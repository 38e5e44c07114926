"""Field types of OMRChecker: the values of the bubbles, and the direction in which they run."""

from enum import StrEnum


class Direction(StrEnum):
    """How the bubbles of one field run; the fields of a block run the other way."""

    HORIZONTAL = "horizontal"
    VERTICAL = "vertical"


FIELD_TYPES: dict[str, tuple[tuple[str, ...], Direction]] = {
    "QTYPE_INT": (tuple("0123456789"), Direction.VERTICAL),
    "QTYPE_INT_FROM_1": (tuple("1234567890"), Direction.VERTICAL),
    "QTYPE_MCQ4": (tuple("ABCD"), Direction.HORIZONTAL),
    "QTYPE_MCQ5": (tuple("ABCDE"), Direction.HORIZONTAL),
    "QTYPE_MCQ4_RTL": (tuple("DCBA"), Direction.HORIZONTAL),
    "QTYPE_MCQ5_RTL": (tuple("EDCBA"), Direction.HORIZONTAL),
}
