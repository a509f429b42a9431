"""Which stored source activities are one workout: dedupe, applied to the store."""
