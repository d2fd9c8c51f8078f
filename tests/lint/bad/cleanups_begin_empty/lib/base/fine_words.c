/* fine_words.c: CLEANUP_PAGE struct page p; in words is fine. */
int
fine_words(void)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_FILES struct files f =
	    { 0 };

	return use(&out, &f);
}
