/* sigv4.h: AWS Signature Version 4, as every S3-compatible storage checks it.
 *
 * libcurl's own signer needs the query sorted and encoded by the caller, and leaves out
 * x-amz-content-sha256, which the storages demand; so the whole of it stands here.
 */
#ifndef LIB_UTIL_SIGV4_H
#define LIB_UTIL_SIGV4_H

#include <stddef.h>

#include "lib/base/arena.h"

struct sigv4_header {
	const char *name, *value;     /* the name in lower case, the value without outer spaces */
};

struct sigv4 {
	const char *method;
	const char *path, *query;     /* percent-encoded, as sent; the query sorted by name */
	const struct sigv4_header *headers;   /* all that are signed, sorted by name */
	size_t header_count;
	const char *payload;          /* lower-case hex of the SHA-256 of the body */
	const char *date;             /* 20130524T000000Z, as in the header x-amz-date */
	const char *region, *service;
	const char *key_id, *secret;
};

/* The value of the header Authorization; it holds no secret. */
char *sigv4_authorization(struct arena *a, const struct sigv4 *rq);

#endif
