"""Matching: applies dedupe to the store, and assigns every source activity to an activity.

``Matcher.rematch`` (``matcher``) takes the source activities that have changed through these
modules, in this order:

1. ``candidate_search`` finds the stored source activities that are close enough in time. It also
   answers beforehand whether there are any, because matching is left out if there are none.
2. ``candidate_cache`` makes candidates of them, for ``fitglue_registry.dedupe``.
3. ``plugin_opinions`` asks plugins (``fitglue_dedupe``) about pairs, and stores their opinions.
   ``pair_batches`` keeps the documents of only some pairs in memory.
4. ``scoring`` lets dedupe score the candidate pairs, and stores each *same* and *ask* as an
   opinion. ``opinions`` converts between stored opinions and the values of dedupe. ``sent_copies``
   relates what pipelines have sent to the activity that was sent; ``remembering`` stores by what it
   is recognized.
5. ``matcher`` loads everything that is related to the changed source activities, divides it into
   clusters (``fitglue_registry.dedupe.cluster``), merges each cluster, and lets
   ``fitglue_registry.store.assignment`` write the activities. ``gone_members`` adds the members
   whose record is gone. ``groups`` divides the clusters into batches whose documents fit into
   memory.

**Whether two records are one workout** is decided in ``fitglue_registry/dedupe/score.py`` for one
pair, and in ``fitglue_registry/dedupe/cluster.py`` for all pairs together. The athlete's decisions
reach the matcher through the protocol ``AthleteDecisions``.
"""
