/* near.h: "did you mean": the known word nearest to a mistyped one. */
#ifndef LIB_UTIL_NEAR_H
#define LIB_UTIL_NEAR_H

#include <stddef.h>

/* Letters that must be added, lost or changed to make b of a; words above 48 letters are far from
 * all. */
size_t near_distance(const char *a, const char *b);

/* The word that is nearest to `word`, or NULL when none is nearer than half of it. */
const char *near_word(const char *const *words, size_t count, const char *word);

#endif
