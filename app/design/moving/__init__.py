"""Live cases brought to another version of their diagram: shown, agreed to, done, undone."""
