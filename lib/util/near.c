/* near.c: "did you mean": the known word nearest to a mistyped one. */
#include "lib/util/near.h"

#include <string.h>

enum { LETTERS_MAX = 48 };

size_t
near_distance(const char *a, const char *b)
{
	size_t row[LETTERS_MAX + 1], m = strlen(a), n = strlen(b);

	if (m > LETTERS_MAX || n > LETTERS_MAX)
		return LETTERS_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	/* Levenshtein's table, one row at a time. */
	for (size_t i = 1; i <= m; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

const char *
near_word(const char *const *words, size_t count, const char *word)
{
	size_t least = strlen(word) / 2 + 1;
	const char *best = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t d = near_distance(word, words[i]);

		if (d < least) {
			least = d;
			best = words[i];
		}
	}
	return best;
}
