"""Pairing with a family's platform: a code, a button, a certificate for the speaker's own key."""
