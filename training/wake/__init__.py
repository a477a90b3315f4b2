"""How the head for a wake phrase is made: voices, cuts, scenes, features, fitting, judging."""
