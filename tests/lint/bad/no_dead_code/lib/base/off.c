/* off.c: switched off. */
#if 0
int off;
#endif
