/* same.c: the first of that name. */
