"""The technician's bench: images, memory cards, identities, records and labels.

Runs on the bench's computer, not on the speaker. `flash.sh` calls it with any Python from 3.11 on;
only `labels` needs a package beyond Python's own.
"""
