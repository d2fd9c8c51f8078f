/* b_strcat.c: calls what is banned. */
void
b_strcat(char *a, const char *b)
{
	strcat(a, b);
}
