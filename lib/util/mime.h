/* mime.h: one message of two alternatives, plain text and HTML (RFC 5322, 2045–2047). */
#ifndef LIB_UTIL_MIME_H
#define LIB_UTIL_MIME_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

struct mime_mail {
	const char *from, *from_name, *to, *subject;
	const char *message_id;       /* without <> */
	const char *in_reply_to;      /* NULL or "": none; threads the mails of one job */
	int64_t at;                   /* Date, ms UTC */
	const char *text, *html;      /* UTF-8, any line ends */
};

/* Headers and body with CRLF, quoted-printable parts, RFC 2047 words, Auto-Submitted:
 * auto-generated. CR, LF or NUL in a header value, or an address that name_check_email() would
 * refuse, is ERR_INPUT. */
MUST_USE int mime_build(struct buf *out, const struct mime_mail *m, struct err *e);

#endif
