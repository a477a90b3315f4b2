"""The classifier of what children say and models reply: its corpus and its recipe."""
