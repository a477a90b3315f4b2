"""Models, packs and identity: what a box is given before it can work."""
