/* word.c: an enum and the words of its values, both ways. */
#include "lib/model/word.h"

#include <string.h>

const char *
word_of(const char *const *words, int count, int value)
{
	return value >= 0 && value < count ? words[value] : "unknown";
}

int
word_find(const char *const *words, int count, const char *word)
{
	for (int i = 0; i < count && word != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}
