/* b_struct.c: returns before the page has begun. */
int
b_struct(int early)
{
	CLEANUP_PAGE struct page p;

	if (early)
		return -1;
	page_begin(&p);
	return 0;
}
