"""A coroutine of this process that does one call: what it sends, how it is driven, watched and ended."""
