"""Bounds of the language. They stop what a designer's text or a citizen's data could blow up."""

MAX_TEXT = 20_000
"""Characters of one expression."""

MAX_DEPTH = 80
"""Levels of nesting of one expression."""

MAX_STEPS = 500_000
"""Iterations, calls and produced elements of one evaluation."""

MAX_LIST = 100_000
"""Elements of one list."""

MAX_STRING = 200_000
"""Characters of one string."""

MAX_CALL_DEPTH = 60
"""Calls of defined functions inside one another."""

CHARACTERS_A_STEP = 50
"""Characters (or elements that are only passed on) that count as one step."""
