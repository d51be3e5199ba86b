"""The workshop's pages, and the addresses its editors talk to."""
