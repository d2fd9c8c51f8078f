/* utf8.h: text from outside is checked or cleaned before anybody sees it. */
#ifndef LIB_BASE_UTF8_H
#define LIB_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"

/* Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). */
bool utf8_valid(const char *p, size_t n);

/* Characters (code points) of valid UTF-8; of other text, the bytes that start one. */
size_t utf8_length(const char *text);

/* How many bytes of valid UTF-8 are kept when at most `most` may be: no character is cut in two. */
size_t utf8_cut(const char *text, size_t most);

/* A copy in which each bad byte and each control character but \n and \t is U+FFFD. */
char *utf8_clean(struct arena *a, const char *p, size_t n);

#endif
