"""An authenticated HTTP session that is configured by the ``http`` block of an entry.

It contains no code for any particular service. ``session`` is the way in, and ``policy`` holds the
values of the block. A request waits for its ``budget``, is sent by ``exchange`` through the
``adapter``, and is retried as ``retries`` decides. ``network_failures`` and ``status_failures``
translate what went wrong.
"""
