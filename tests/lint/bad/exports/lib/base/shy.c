/* shy.c: gives out a name that is not its own. */
int shy_fine;
int bold;
