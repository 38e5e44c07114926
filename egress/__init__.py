"""Requests to other machines, behind the address guard (SSRF)."""
