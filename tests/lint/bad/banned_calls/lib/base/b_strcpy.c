/* b_strcpy.c: calls what is banned. */
void
b_strcpy(char *a, const char *b)
{
	strcpy(a, b);
}
