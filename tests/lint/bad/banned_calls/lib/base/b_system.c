/* b_system.c: calls what is banned. */
void
b_system(char *a, const char *b)
{
	system(a, b);
}
