/* fine_words.c: strcpy() in a comment and "system()" in a text are no calls. */
