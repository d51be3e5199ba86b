"""The workshop: how the office's own rules are edited, checked, tried, published and watched."""
