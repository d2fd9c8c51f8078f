/* word.h: an enum and the words of its values, both ways. */
#ifndef LIB_MODEL_WORD_H
#define LIB_MODEL_WORD_H

#include "lib/base/attr.h"

/* The word of `value`, or "unknown" when it is not below `count`. */
const char *word_of(const char *const *words, int count, int value);

/* The value whose word is exactly `word`, or -1. NULL finds nothing. */
MUST_USE int word_find(const char *const *words, int count, const char *word);

#endif
