"""What the athlete decides about activities: same, different, edited values, and undo."""
