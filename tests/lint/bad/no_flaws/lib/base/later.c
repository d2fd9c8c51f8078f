/* later.c: TODO finish this. */
