"""Replays: real cases are run again, as they were or under the drafts of a change."""
