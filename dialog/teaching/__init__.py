"""What is taught next and what is said about it: memory, sounds, planning, feedback. All pure."""
