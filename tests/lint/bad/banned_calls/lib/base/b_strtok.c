/* b_strtok.c: calls what is banned. */
void
b_strtok(char *a, const char *b)
{
	strtok(a, b);
}
