"""The office's rules: one file per thing people do with a demand or a work order."""
