"""The parents' pages: served by the speaker itself on the home network, no platform needed."""
