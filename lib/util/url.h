/* url.h: percent-encoding (RFC 3986) and form encoding. */
#ifndef LIB_UTIL_URL_H
#define LIB_UTIL_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"

/* Encode everything but the unreserved characters; a space is %20, a slash %2F. For one path
 * segment or one query value. */
char *url_encode(struct arena *a, const char *text);
/* As url_encode(), but slashes stay: for a whole path (X-Accel-Redirect). */
char *url_encode_path(struct arena *a, const char *path);
/* Decode n bytes; '+' is a space when `form`. NULL for a bad escape or a NUL inside. */
MUST_USE char *url_decode(struct arena *a, const char *p, size_t n, bool form);

#endif
