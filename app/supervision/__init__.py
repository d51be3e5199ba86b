"""Supervision (督办): a case of its own beside an order, with its ladder, letters and quota."""
