/* smtp.h: sending one mail. smtp:// goes through libESMTP, smtps:// through libcurl, no server at
 * all into a folder of .eml files; callers cannot tell the difference. */
#ifndef LIB_UTIL_SMTP_H
#define LIB_UTIL_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/conf.h"

struct mail {
	const char *message_id;       /* without <> */
	const char *recipient;
	const char *message; /* headers, blank line, body; CRLF line ends; made by mime.h */
	size_t message_size;
};

/*
 * 0: the server has taken it (every status 2xx, AUTH answered 235 when a user is set). -1: it has
 * not; ERR_INPUT when trying again is of no use (5xx for the recipient or the message, an address
 * with control characters), ERR_BUSY otherwise. STARTTLS is required, unless conf->insecure and the
 * server is on this host; the certificate is checked; TLS 1.2 at least. Blocks for at most about
 * conf->timeout_ms per step: call it in a child with an alarm.
 */
MUST_USE int smtp_send(const struct conf_mail *conf, const struct mail *m, struct err *e);

#endif
