/* b_popen.c: calls what is banned. */
void
b_popen(char *a, const char *b)
{
	popen(a, b);
}
