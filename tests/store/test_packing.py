"""Tests that packing loses nothing, with and without a dictionary."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_registry.plugin_api import Body
from fitglue_registry.store.blobs import MemoryBlobStore
from fitglue_registry.store.packing import MIN_SAMPLES, pack, train_dictionary, unpack
from tests.store.conftest import summaries


@pytest.mark.parametrize("samples", [[], [b"{}"], [b""] * 100, summaries(MIN_SAMPLES - 1)])
def test_too_little_makes_no_dictionary(samples):
    """Too few or empty samples train no dictionary."""
    assert train_dictionary(samples) is None


@given(
    content=st.binary(max_size=2000),
    wire=st.sampled_from(["identity", "gzip"]),
    trained=st.booleans(),
)
def test_packing_loses_nothing(content, wire, trained):
    """Any bytes are unpacked unchanged, in each encoding, with and without a dictionary."""
    dictionary = (1, _LEARNT) if trained else None
    packed = pack(content, wire, dictionary=dictionary)
    assert packed.size == len(content)
    assert unpack(
        packed, dictionary=_LEARNT if packed.dictionary_id else None, blobs=MemoryBlobStore()
    ) == Body(content, wire)


_LEARNT = train_dictionary(summaries(200)) or b""
