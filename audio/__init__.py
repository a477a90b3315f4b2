"""Sound in and out: cards, files, the virtual room, and the front end between them."""
