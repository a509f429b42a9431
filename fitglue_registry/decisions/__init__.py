"""The athlete's decisions about activities: same, different, edited values, and undo.

``same_or_different`` and ``editing`` carry out decisions, ``pair_decisions`` and ``edited_values``
store them, and ``stored_decisions`` passes them to the matcher. ``open_questions`` lists the pairs
that await a decision.
"""
