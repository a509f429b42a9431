"""Makes source activities of raw parts, and stores them."""
