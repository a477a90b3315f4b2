"""One script per version of the database, in their order."""
