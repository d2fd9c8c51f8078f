/* wide.c: one line that is wider than a page can show without turning the sheet or the head to the side. */
