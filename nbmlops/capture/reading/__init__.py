"""What was read and written: heard, found in calls, hashed beside the user's work."""
