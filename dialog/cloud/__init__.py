"""Answers to what a child asks: from the cloud where it may, from the device where it may not."""
