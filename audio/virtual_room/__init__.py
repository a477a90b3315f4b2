"""A room that is heard without being there: loudspeaker, walls, noise and a scripted child."""
