"""City profiles: what a place does differently, as a folder of tables and data."""
