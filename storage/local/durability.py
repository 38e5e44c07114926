"""Durability of stored bytes: how and when they survive a power cut."""

from enum import StrEnum


class Durability(StrEnum):
    """When bytes are made to survive a power cut (they survive the end of the process in any case)."""

    ALWAYS = "always"
    """Before they are called stored."""
    FINISH = "finish"
    """When the file is complete."""
    NEVER = "never"
    """When the operating system thinks fit."""
