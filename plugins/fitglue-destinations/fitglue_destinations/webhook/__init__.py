"""The destination for a webhook: one signed message for each state of a workout."""
