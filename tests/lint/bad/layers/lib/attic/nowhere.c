/* nowhere.c: a folder without a rank. */
