"""What is said and what was said: recognisers, voices, the tutor and its lesson packs."""
