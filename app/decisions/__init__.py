"""Decisions: FEEL and DMN, evaluated with evidence. `feel`, `dmn`, `tables` are pure."""
