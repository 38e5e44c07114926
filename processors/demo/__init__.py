"""The kind `demo`: plays any life on command."""
