"""The destination: uploads of workouts to Intervals.icu, and changes of what was uploaded."""
