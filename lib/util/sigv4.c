/* sigv4.c: AWS Signature Version 4. */
#include "lib/util/sigv4.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/rand.h"
#include "lib/util/hash.h"

enum { DAY = 8 };

struct link {
	unsigned char p[HASH_SIZE];
};

static void
chain(struct link *l, const void *key, size_t key_n, const char *text, size_t n)
{
	unsigned made = HASH_SIZE;
	struct link out;

	HMAC(EVP_sha256(), key, (int)key_n, (const unsigned char *)text, n, out.p, &made);
	*l = out;
}

/* The key of one day, region and service. */
static void
derive(struct link *l, struct arena *a, const struct sigv4 *rq)
{
	char *first = arena_printf(a, "AWS4%s", rq->secret);

	chain(l, first, strlen(first), rq->date, DAY);
	OPENSSL_cleanse(first, strlen(first));
	chain(l, l->p, sizeof l->p, rq->region, strlen(rq->region));
	chain(l, l->p, sizeof l->p, rq->service, strlen(rq->service));
	chain(l, l->p, sizeof l->p, "aws4_request", strlen("aws4_request"));
}

static char *
names(struct arena *a, const struct sigv4 *rq)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < rq->header_count; i++)
		buf_printf(&b, "%s%s", i > 0 ? ";" : "", rq->headers[i].name);
	return arena_dupn(a, b.p, b.n);
}

static void
canonical_hash(char out[HASH_HEX_SIZE], const struct sigv4 *rq, const char *signed_names)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	buf_printf(&b, "%s\n%s\n%s\n", rq->method, rq->path, rq->query);
	for (size_t i = 0; i < rq->header_count; i++)
		buf_printf(&b, "%s:%s\n", rq->headers[i].name, rq->headers[i].value);
	buf_printf(&b, "\n%s\n%s", signed_names, rq->payload);
	hash_of(out, b.p, b.n);
}

char *
sigv4_authorization(struct arena *a, const struct sigv4 *rq)
{
	char request[HASH_HEX_SIZE], signature[HASH_HEX_SIZE];
	char *signed_names = names(a, rq), *scope, *text;
	struct link l;

	canonical_hash(request, rq, signed_names);
	scope = arena_printf(a, "%.*s/%s/%s/aws4_request", DAY, rq->date, rq->region, rq->service);
	text = arena_printf(a, "AWS4-HMAC-SHA256\n%s\n%s\n%s", rq->date, scope, request);
	derive(&l, a, rq);
	chain(&l, l.p, sizeof l.p, text, strlen(text));
	rand_hex(signature, l.p, sizeof l.p);
	OPENSSL_cleanse(&l, sizeof l);
	return arena_printf(a, "AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s",
	    rq->key_id, scope, signed_names, signature);
}
