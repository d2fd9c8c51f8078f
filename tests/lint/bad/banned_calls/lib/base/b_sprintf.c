/* b_sprintf.c: calls what is banned. */
void
b_sprintf(char *a, const char *b)
{
	sprintf(a, b);
}
