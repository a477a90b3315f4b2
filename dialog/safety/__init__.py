"""What keeps a child safe in what is sent, and in what is said."""
