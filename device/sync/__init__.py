"""Progress on its way to the platform: outbox, connection, settings and commands."""
