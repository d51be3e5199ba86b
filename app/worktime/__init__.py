"""Working time: calendars, limits, deadlines and why they fall where they fall."""
