"""Transports: adapters between ways over the network and the one operation pipeline."""
