/* s3.h: one bucket over HTTP: signed requests through libcurl, tried again when it may help.
 *
 * http and https only, no redirect is followed, no proxy; the certificate is always checked. The
 * endpoint is an administrator's own choice and may have a private address. What is tried again, a
 * few times with growing and random pauses: no connection, a reset, a stall, 429, 500, 502, 503,
 * 504, SlowDown and its kin, an answer that is cut short, and an ETag that is not the MD5 of what
 * was sent. Safe from several threads.
 */
#ifndef LIB_UTIL_S3_H
#define LIB_UTIL_S3_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

enum { S3_ETAG = 136, S3_CODE = 64, S3_MD5_HEX = 33 };

/* How to reach a bucket. What is not set is "", a number 0: as usual. */
struct s3_place {
	const char *endpoint;         /* https://s3.example.org */
	const char *region, *bucket;
	const char *prefix;           /* of all keys, without a slash at either end */
	const char *style;            /* path, virtual */
	const char *storage_class, *encryption;   /* of what is stored */
	const char *key_id, *secret;
	const char *ca_file;
	int64_t stall_ms;             /* a connection that says nothing for so long is given up */
	int64_t pause_ms;             /* before the second try; grows with each */
	int tries;
};

struct s3_request {
	const char *method;           /* GET, PUT, POST, HEAD, DELETE */
	const char *key;              /* below the prefix; NULL: the bucket itself */
	const char *query;            /* encoded, sorted by name, "uploads=" for a bare
	                                 word; NULL */
	const void *body;             /* of PUT and POST */
	size_t body_n;
	bool stores;                  /* storage class and encryption go along */
	/* Over a connection of its own: libcurl asks twice when one that it has kept breaks off. */
	bool fresh;
	char *md5;                    /* unless NULL: S3_MD5_HEX; gets the MD5 of the body */
	/* Unless NULL: once it is set, by any thread, this one is broken off: ERR_CANCELLED. */
	const atomic_bool *stop;
	/* GET of a range: exactly room bytes from `from` on go to `into`. */
	char *into;
	size_t room;
	int64_t from;
};

struct s3_answer {
	int status;                   /* 0: none came */
	int tries;
	int64_t length;               /* Content-Length; -1: it did not say */
	char etag[S3_ETAG];           /* without its quotes */
	char code[S3_CODE];           /* of an error, as the storage calls it; "" */
	struct buf body;              /* what did not go to `into` */
};
#define S3_ANSWER_INIT { .body = BUF_INIT }
void s3_answer_release(struct s3_answer *ans);
#define CLEANUP_S3_ANSWER CLEANUP(s3_answer_release)

struct s3;
/* Copies what it is given. ERR_INPUT: the endpoint is none. */
MUST_USE int s3_new(struct s3 **ret, const struct s3_place *at, struct err *e);
void s3_free(struct s3 *s);      /* NULL is fine */
/* What stands in front of each key, with its slash; "". */
const char *s3_prefix(const struct s3 *s);

/* 0 for a 2xx. Else -1 and the storage's own words: ERR_NOT_FOUND (404), ERR_BUSY (worth a later
 * try), ERR_FULL, ERR_DENIED (401, 403), ERR_CONFLICT (locked against removal), ERR_DAMAGED (not
 * what was asked for), ERR_INPUT. `ans` is
 * filled in either case. */
MUST_USE int s3_send(struct s3_answer *ans, struct s3 *s, const struct s3_request *rq,
    struct err *e);

#endif
