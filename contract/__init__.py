"""What speakers and platforms say to each other: topics, messages and their schemas."""
