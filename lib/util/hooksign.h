/* hooksign.h: signatures of webhooks as Standard Webhooks has them: HMAC-SHA256 over
 * "<id>.<timestamp>.<body>", base64, behind "v1,". The secret is "whsec_" and base64. */
#ifndef LIB_UTIL_HOOKSIGN_H
#define LIB_UTIL_HOOKSIGN_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* A new secret of 32 random bytes. */
char *hooksign_secret(struct arena *a);
/* ERR_INPUT: a sentence for beside the field. */
MUST_USE int hooksign_check(const char *secret, struct err *e);

struct hooksign {
	const char *id, *body;
	int64_t timestamp_s;
	const char *secret;
};
/* "v1,<base64>" in the arena. ERR_INPUT as hooksign_check(). */
MUST_USE int hooksign_make(char **ret, struct arena *a, const struct hooksign *what,
    struct err *e);

#endif
