/* reply.h: what goes back. A reply is filled completely, then sent: an error in the middle never
 * shows half a page. */
#ifndef CGI_HTTP_REPLY_H
#define CGI_HTTP_REPLY_H

#include <stddef.h>

#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

struct reply {
	int status;                   /* 200 unless set */
	const char *content_type;     /* text/html; charset=utf-8 unless set */
	struct buf headers;           /* "Name: value\r\n" each; only reply_header() writes it */
	struct buf body;
};
#define REPLY_INIT { 200, "text/html; charset=utf-8", BUF_INIT, BUF_INIT }

/* Refuses CR, LF and NUL in the value by ending the process: callers only pass checked text. */
void reply_header(struct reply *rp, const char *name, const char *fmt, ...) PRINTF(3, 4);
/* 303 to a path of ours. Returns 0, so that a handler can `return reply_see_other(...)`. */
int reply_see_other(struct reply *rp, const char *fmt, ...) PRINTF(2, 3);
/* 200 text/plain; takes a copy. Returns 0. */
int reply_text(struct reply *rp, const char *text, size_t n);
/* nginx sends the file: `path` below the downloads folder, `name` for the person, `delivery` for
 * the log
 * ("<link>:<file>", or "-" when nothing is counted). Returns 0. */
int reply_file(struct reply *rp, const struct request *rq, const char *path, const char *name,
    const char *delivery);
/* A cookie with HttpOnly, SameSite=Lax, Path=/, and __Host- and Secure where public_url is https.
 * max_age 0 removes it. */
void reply_cookie(struct reply *rp, const struct request *rq, const char *name, const char *value,
    long max_age);
/* The answer as FastCGI wants it: status, headers (also those that every answer of ours carries),
 * body. */
void reply_write(struct buf *out, const struct reply *rp, const struct request *rq);
/* Back to an empty 200; keeps nothing. */
void reply_release(struct reply *rp);
#define CLEANUP_REPLY CLEANUP(reply_release)

#endif
