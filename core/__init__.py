"""The leaf that every room may import: errors, clock, worker thread, worker process."""
