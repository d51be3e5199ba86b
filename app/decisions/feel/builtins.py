"""The built-in functions of the standard. Importing this module registers all of them."""

from app.decisions.feel import (  # noqa: F401 - imported for what they register
    functions_of_lists,
    functions_of_numbers,
    functions_of_ranges,
    functions_of_strings,
    functions_of_time,
)
