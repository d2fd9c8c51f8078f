/* b_gets.c: calls what is banned. */
void
b_gets(char *a, const char *b)
{
	gets(a, b);
}
