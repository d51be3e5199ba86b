"""What the occasions of a run of the handling limit begin with: its deadline follows, so that a
limit that moved and is missed anew is another occasion.
"""


def handling(run: int) -> str:
    """That the limit passed."""
    return f"handling/{run}/"


def reminders(run: int) -> str:
    """That the reminders after it were ignored."""
    return f"reminders/{run}/"
