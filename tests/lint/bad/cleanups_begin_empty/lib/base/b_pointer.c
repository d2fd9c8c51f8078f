/* b_pointer.c: a pointer without a first value. */
int
b_pointer(void)
{
	CLEANUP_ARENA struct arena
	    *a;

	return use(&a);
}
