"""What runs by itself: the ticker and its tasks."""
