/* b_atoi.c: calls what is banned. */
void
b_atoi(char *a, const char *b)
{
	atoi(a, b);
}
