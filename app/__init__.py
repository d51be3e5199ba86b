"""Jieban (接办): case management for Chinese 12345 government hotlines."""
