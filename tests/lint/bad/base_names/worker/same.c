/* same.c: the second of that name. */
