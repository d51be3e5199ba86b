"""FEEL: the expression language of diagrams, tables and forms, compiled to closures."""
