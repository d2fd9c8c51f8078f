/* b_sqlite3_busy_timeout.c: calls what is banned. */
void
b_sqlite3_busy_timeout(char *a, const char *b)
{
	sqlite3_busy_timeout(a, b);
}
