/* deep.c: five levels. */
int
deep_down(int n)
{
	for (int i = 0; i < n; i++) {
		for (int j = 0; j < n; j++) {
			if (i > j) {
				while (i > n) {
					if (j)
						return 1;
				}
			}
		}
	}
	return 0;
}
