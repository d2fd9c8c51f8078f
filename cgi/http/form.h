/* form.h: application/x-www-form-urlencoded, of bodies and of query strings. */
#ifndef CGI_HTTP_FORM_H
#define CGI_HTTP_FORM_H

#include <stddef.h>

#include "cgi/http/request.h"
#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/*
 * Decode n bytes into pairs in their order; names may repeat. 0, or the status of the refusal: 400
 * (a bad percent escape, a NUL, not UTF-8) or 413 (more than REQUEST_FIELDS_MAX pairs) with the
 * sentence in e. CR LF and CR become LF, so that a text has the length a person sees.
 */
MUST_USE int form_parse(struct params *ret, struct arena *a, const char *p, size_t n,
    struct err *e);

#endif
