"""List → decide → fetch → keep raw → normalize → validate → dedupe → store, resumable after any
instruction.
"""
