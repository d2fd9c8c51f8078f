/* many.c: six parameters. */
int
many_of_them(int a, int b, int c, int (*d)(int, int), int e,
    int f)
{
	return a + b + c + d(e, f);
}
