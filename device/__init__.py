"""The daemon: configuration, composition root, conversation, store, command line."""
