/* b_bare.c: the same with a function named on the spot. */
int
b_bare(void)
{
	CLEANUP(forget) struct key k;

	return use(&k);
}
