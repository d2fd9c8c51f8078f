/* cookie.h: the Cookie header (RFC 6265). */
#ifndef CGI_HTTP_COOKIE_H
#define CGI_HTTP_COOKIE_H

#include <stddef.h>

#include "cgi/http/request.h"
#include "lib/base/arena.h"

enum { COOKIES_MAX = 50 };

/* The pairs in their order. Other programs on the same host may set anything: what is not a pair of
 * valid UTF-8 is skipped, and so is all that follows the first COOKIES_MAX. */
void cookie_parse(struct params *ret, struct arena *a, const char *header);

#endif
