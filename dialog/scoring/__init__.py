"""How an English sentence was said: scores for its phones, words and the whole, and how sure."""
