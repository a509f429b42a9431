"""Listing, connecting, checking, renewing and removing the connections of athletes."""
