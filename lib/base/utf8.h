/* utf8.h: text from outside is checked or cleaned before anybody sees it. */
#ifndef LIB_BASE_UTF8_H
#define LIB_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"

/* Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). */
bool utf8_valid(const char *p, size_t n);

/* Characters (code points) of valid UTF-8; of other text, the bytes that start one. */
size_t utf8_length(const char *text);

/* How many bytes of valid UTF-8 are kept when at most `most` may be: no character is cut in two. */
size_t utf8_cut(const char *text, size_t most);

/* A copy in which each bad byte and each control character but \n and \t is U+FFFD. */
char *utf8_clean(struct arena *a, const char *p, size_t n);

/* A path as valid UTF-8 on one line: control characters and '\' are \ooo, and so is each byte above
 * 0x7f of a name (between two slashes) that is not valid UTF-8. No two paths look the same, and
 * what is shown of a path is what is shown of its names, with slashes between them. */
void utf8_show_path(struct buf *out, const char *path);

#endif
