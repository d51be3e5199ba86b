"""Tables of demands and work orders."""
