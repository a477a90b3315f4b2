"""The box: lights, button, mute switch; simulated until a board is attached."""
