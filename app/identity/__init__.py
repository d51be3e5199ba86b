"""People, units, roles and permissions."""
