"""An authenticated HTTP session made from an entry's ``http`` block; it knows nothing of any one
service.
"""
