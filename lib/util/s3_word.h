/* s3_word.h: what a storage says went wrong, and what follows from it. */
#ifndef LIB_UTIL_S3_WORD_H
#define LIB_UTIL_S3_WORD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

struct s3_word {
	int status;
	const char *host, *bucket;
	const char *region;           /* where it says the bucket is; "" */
	bool removes;                 /* the request was a DELETE */
	const char *code, *text;      /* its own; "" when it had none */
};

/* Whether the body is an <Error>. code and text live in the arena and are set in any case. */
bool s3_word_read(struct s3_word *w, struct arena *a, const char *p, size_t n);
/* Would it help to ask once more? */
bool s3_word_again(const struct s3_word *w);
/* Its sentence; -1. */
int s3_word_say(const struct s3_word *w, struct err *e);

/* An ETag is an MD5 only when it looks like one and the object lies there as it was sent. */
bool s3_word_differs(const char *etag, const char *md5_hex, const char *encryption);
/* A SHA-256 in base64 that is another one than that in hex. */
bool s3_word_other_sha256(const char *base64, const char *hex);

#endif
