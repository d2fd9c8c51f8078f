/* b_second.c: only the first of two has a value. */
int
b_second(void)
{
	CLEANUP_PAGE struct page a = { 0, 0 }, b;

	return use(&a, &b);
}
