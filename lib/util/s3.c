/* s3.c: one bucket over HTTP: signed requests through libcurl, tried again. */
#include "lib/util/s3.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "lib/base/utf8.h"
#include "lib/util/curls.h"
#include "lib/util/hash.h"
#include "lib/util/sigv4.h"
#include "lib/util/url.h"
#include "lib/util/s3_word.h"

enum {
	BODY_MAX = 16 << 20, POOL = 8, STALL_MS = 60000, PAUSE_MS = 250, PAUSE_MAX_MS = 10000,
	STOP_MS = 100, TRIES = 6, SLOW_BYTES = 1024, HEADERS_MAX = 12, MD5_SIZE = 16,
};

struct s3 {
	struct arena *arena;
	struct s3_place at;
	const char *prefix;           /* with its slash */
	const char *origin;           /* "https://host:port" as it is called */
	const char *host;             /* as the header says it */
	const char *base;             /* encoded path in front of each key, ends in '/' */
	const char *root;             /* encoded path of the bucket itself */
	pthread_mutex_t lock;
	CURL *idle[POOL];
	size_t idle_n;
};

void
s3_answer_release(struct s3_answer *ans)
{
	buf_release(&ans->body);
}

/* -- the bucket -- */

static void
url_freep(CURLU **u)
{
	if (*u != NULL)
		curl_url_cleanup(*u);
}

static const char *
part_of(CURLU *u, CURLUPart part, struct arena *a)
{
	char *text = NULL, *copy;

	if (curl_url_get(u, part, &text, 0) != CURLUE_OK)
		return "";
	copy = arena_dup(a, text);
	curl_free(text);
	return copy;
}

static int
take_apart(struct s3 *s, struct err *e)
{
	CLEANUP(url_freep) CURLU *u = curl_url();
	const char *scheme, *host, *port, *path, *bucket = s->at.bucket;
	bool virtual = strcmp(s->at.style, "virtual") == 0;
	size_t n;

	if (u == NULL || curl_url_set(u, CURLUPART_URL, s->at.endpoint, 0) != CURLUE_OK)
		return err_set(e, ERR_INPUT, "'%s' is no address of a storage", s->at.endpoint);
	scheme = part_of(u, CURLUPART_SCHEME, s->arena);
	host = part_of(u, CURLUPART_HOST, s->arena);
	port = part_of(u, CURLUPART_PORT, s->arena);
	path = part_of(u, CURLUPART_PATH, s->arena);
	if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
		return err_set(e, ERR_INPUT, "'%s' does not begin with https:// or http://",
		    s->at.endpoint);
	n = strlen(path);
	while (n > 0 && path[n - 1] == '/')
		n--;
	s->host = arena_printf(s->arena, "%s%s%s%s%s", virtual ? bucket : "", virtual ? "." : "",
	    host, *port != '\0' ? ":" : "", port);
	s->origin = arena_printf(s->arena, "%s://%s", scheme, s->host);
	s->root = arena_printf(s->arena, "%.*s/%s", (int)n, path,
	    virtual ? "" : url_encode(s->arena, bucket));
	s->base = arena_printf(s->arena, "%s%s%s", s->root, virtual ? "" : "/",
	    url_encode_path(s->arena, s->prefix));
	return 0;
}

int
s3_new(struct s3 **ret, const struct s3_place *at, struct err *e)
{
	struct arena *a = arena_new();
	struct s3 *s = arena_alloc(a, sizeof *s);

	*s = (struct s3){
		.arena = a,
		.at = {
			.endpoint = arena_dup(a, at->endpoint), .region = arena_dup(a, at->region),
			.bucket = arena_dup(a, at->bucket), .prefix = arena_dup(a, at->prefix),
			.style = arena_dup(a, at->style),
			.storage_class = arena_dup(a, at->storage_class),
			.encryption = arena_dup(a, at->encryption),
			.key_id = arena_dup(a, at->key_id), .secret = arena_dup(a, at->secret),
			.ca_file = arena_dup(a, at->ca_file),
			.stall_ms = at->stall_ms > 0 ? at->stall_ms : STALL_MS,
			.pause_ms = at->pause_ms > 0 ? at->pause_ms : PAUSE_MS,
			.tries = at->tries > 0 ? at->tries : TRIES,
		},
		.prefix = arena_printf(a, "%s%s", at->prefix, *at->prefix != '\0' ? "/" : ""),
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	if (take_apart(s, e) != 0) {
		arena_free(a);
		return -1;
	}
	*ret = s;
	return 0;
}

const char *
s3_prefix(const struct s3 *s)
{
	return s->prefix;
}

void
s3_free(struct s3 *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->idle_n; i++)
		curl_easy_cleanup(s->idle[i]);
	pthread_mutex_destroy(&s->lock);
	arena_free(s->arena);
}

/* A handle keeps its connection for the next request. */
static CURL *
take_handle(struct s3 *s)
{
	CURL *c = NULL;

	pthread_mutex_lock(&s->lock);
	if (s->idle_n > 0)
		c = s->idle[--s->idle_n];
	pthread_mutex_unlock(&s->lock);
	return c != NULL ? c : curl_easy_init();
}

static void
give_handle(struct s3 *s, CURL *c)
{
	curl_easy_reset(c);
	pthread_mutex_lock(&s->lock);
	if (s->idle_n < POOL) {
		s->idle[s->idle_n++] = c;
		c = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	if (c != NULL)
		curl_easy_cleanup(c);
}

/* -- one try -- */

struct talk {
	struct s3 *s;
	const struct s3_request *rq;
	struct s3_answer *ans;
	struct arena *arena;
	CURL *c;
	struct curl_slist *lines;
	char payload[HASH_HEX_SIZE], md5_hex[S3_MD5_HEX];
	char md5_base64[MD5_SIZE * 2];
	char sse[32], checksum[64], where[32];   /* of the answer */
	size_t got;                   /* bytes of `into` that came */
	bool too_long, again;
	char detail[CURL_ERROR_SIZE];
};

static size_t
take_body(char *p, size_t size, size_t count, void *arg)
{
	struct talk *t = arg;
	size_t n = size * count;
	long status = 0;

	curl_easy_getinfo(t->c, CURLINFO_RESPONSE_CODE, &status);
	if (t->rq->into != NULL && status == 206) {
		t->too_long = n > t->rq->room - t->got;
		if (t->too_long)
			return 0;
		memcpy(t->rq->into + t->got, p, n);
		t->got += n;
		return n;
	}
	t->too_long = (t->rq->into != NULL && status == 200) || n > BODY_MAX - t->ans->body.n;
	if (t->too_long)
		return 0;
	buf_add(&t->ans->body, p, n);
	return n;
}

/* "Name: value\r\n" of n bytes: the value without quotes, if it is the name's and fits. */
static void
keep_header(char *out, size_t size, const char *name, const char *p, size_t n)
{
	size_t m = strlen(name);

	if (n <= m || strncasecmp(p, name, m) != 0 || p[m] != ':')
		return;
	p += m + 1;
	n -= m + 1;
	while (n > 0 && (*p == ' ' || *p == '"'))
		p++, n--;
	while (n > 0 && (p[n - 1] == '\r' || p[n - 1] == '\n' || p[n - 1] == '"'))
		n--;
	if (n < size)
		snprintf(out, size, "%.*s", (int)n, p);
}

static size_t
take_header(char *p, size_t size, size_t count, void *arg)
{
	struct talk *t = arg;
	size_t n = size * count;
	char length[NUM_TEXT] = "";

	keep_header(t->ans->etag, sizeof t->ans->etag, "etag", p, n);
	keep_header(t->sse, sizeof t->sse, "x-amz-server-side-encryption", p, n);
	keep_header(t->checksum, sizeof t->checksum, "x-amz-checksum-sha256", p, n);
	keep_header(t->where, sizeof t->where, "x-amz-bucket-region", p, n);
	keep_header(length, sizeof length, "content-length", p, n);
	if (*length != '\0' && !num_parse(&t->ans->length, length, 0, INT64_MAX))
		t->ans->length = -1;
	return n;
}

static void
digest(struct talk *t)
{
	const struct s3_request *rq = t->rq;
	unsigned char md5[MD5_SIZE];

	hash_of(t->payload, rq->body_n > 0 ? rq->body : "", rq->body_n);
	/* A bucket that locks its objects takes none without, not even an empty one. */
	if (rq->body_n == 0 && rq->md5 == NULL && strcmp(rq->method, "PUT") != 0)
		return;
	if (EVP_Digest(rq->body_n > 0 ? rq->body : "", rq->body_n, md5, NULL, EVP_md5(), NULL) != 1)
		return;
	rand_hex(t->md5_hex, md5, sizeof md5);
	EVP_EncodeBlock((unsigned char *)t->md5_base64, md5, sizeof md5);
	if (rq->md5 != NULL)
		memcpy(rq->md5, t->md5_hex, S3_MD5_HEX);
}

/* All that are signed, sorted by name; those without a value are left out. */
static size_t
make_headers(struct sigv4_header out[HEADERS_MAX], const struct talk *t, const char *date)
{
	const struct s3_request *rq = t->rq;
	const char *range = NULL;
	size_t n = 0;

	if (rq->into != NULL)
		range = arena_printf(t->arena, "bytes=%lld-%lld", (long long)rq->from,
		    (long long)rq->from + (long long)rq->room - 1);
	const struct sigv4_header all[] = {
		{ "content-md5", t->md5_base64 },
		{ "content-type", rq->body != NULL ? "application/octet-stream" : NULL },
		{ "host", t->s->host },
		{ "range", range },
		{ "x-amz-content-sha256", t->payload },
		{ "x-amz-date", date },
		{ "x-amz-server-side-encryption", rq->stores ? t->s->at.encryption : NULL },
		{ "x-amz-storage-class", rq->stores ? t->s->at.storage_class : NULL },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].value != NULL && *all[i].value != '\0')
			out[n++] = all[i];
	return n;
}

static int
add_line(struct talk *t, const char *line, struct err *e)
{
	struct curl_slist *more = curl_slist_append(t->lines, line);

	if (more == NULL)
		return err_set(e, ERR_INTERNAL, "libcurl could not take a header");
	t->lines = more;
	return 0;
}

/* Signed anew on each try: the date is part of it. */
static int
sign(struct talk *t, const char *path, struct err *e)
{
	struct sigv4_header headers[HEADERS_MAX];
	char date[CLOCK_ISO_SIZE];

	clock_compact(date, clock_now());
	const struct sigv4 rq = {
		.method = t->rq->method, .path = path,
		.query = t->rq->query != NULL ? t->rq->query : "",
		.headers = headers, .header_count = make_headers(headers, t, date),
		.payload = t->payload, .date = date, .region = t->s->at.region, .service = "s3",
		.key_id = t->s->at.key_id, .secret = t->s->at.secret,
	};
	for (size_t i = 0; i < rq.header_count; i++)
		if (add_line(t, arena_printf(t->arena, "%s: %s", headers[i].name,
		            headers[i].value), e) != 0)
			return -1;
	/* libcurl would ask first whether a long body is welcome, and wait. */
	if (add_line(t, "Expect:", e) != 0)
		return -1;
	return add_line(t, arena_printf(t->arena, "Authorization: %s",
	    sigv4_authorization(t->arena, &rq)), e);
}

static bool
stopped(const struct s3_request *rq)
{
	return rq->stop != NULL && atomic_load(rq->stop);
}

static int
go_on(void *arg, curl_off_t all UNUSED, curl_off_t got UNUSED, curl_off_t of UNUSED,
    curl_off_t sent UNUSED)
{
	return stopped(arg);
}

static void
set_up(struct talk *t, const char *url)
{
	const struct s3 *s = t->s;
	CURL *c = t->c;
	long stall_s = (long)((s->at.stall_ms + 999) / 1000);

	curls_guard_http(c, s->at.ca_file);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)s->at.stall_ms);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, stall_s);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->detail);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->lines);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, t->rq->fresh ? 1L : 0L);
	if (t->rq->stop != NULL) {
		curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, go_on);
		curl_easy_setopt(c, CURLOPT_XFERINFODATA, t->rq);
	}
	if (t->rq->body != NULL) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, t->rq->body);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->rq->body_n);
	}
	if (strcmp(t->rq->method, "HEAD") == 0)
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, t->rq->method);
}

static int
no_answer(struct talk *t, CURLcode code, struct err *e)
{
	const char *host = t->s->host;

	t->again = true;
	if (t->too_long) {
		t->again = false;
		return err_set(e, ERR_DAMAGED, "%s sent more than was asked for", host);
	}
	if (code == CURLE_ABORTED_BY_CALLBACK) {
		t->again = false;
		return err_set(e, ERR_CANCELLED, "it was stopped");
	}
	if (code == CURLE_COULDNT_RESOLVE_HOST)
		return err_set(e, ERR_BUSY, "%s was not found", host);
	if (code == CURLE_COULDNT_CONNECT)
		return err_set(e, ERR_BUSY, "%s could not be reached", host);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(e, ERR_BUSY, "%s did not answer in time", host);
	if (code == CURLE_PARTIAL_FILE)
		return err_set(e, ERR_BUSY, "%s broke off in its answer", host);
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
		t->again = false;
		return err_set(e, ERR_BUSY, "the certificate of %s was refused: %s", host,
		    *t->detail != '\0' ? t->detail : curl_easy_strerror(code));
	}
	return err_set(e, ERR_BUSY, "%s gave no whole answer: %s", host,
	    *t->detail != '\0' ? t->detail : curl_easy_strerror(code));
}

/* What came with a status of 2xx: is it what was asked for? */
static int
check_good(struct talk *t, struct err *e)
{
	const struct s3_answer *ans = t->ans;
	const char *host = t->s->host;

	if (t->rq->into != NULL && ans->status != 206)
		return err_set(e, ERR_DAMAGED, "%s does not know how to send a part of an object",
		    host);
	t->again = true;
	if (t->rq->into != NULL && t->got != t->rq->room)
		return err_set(e, ERR_DAMAGED, "%s sent %zu bytes where %zu were asked for", host,
		    t->got, t->rq->room);
	if (t->rq->md5 != NULL && !FAULT_CONTROL("s3.unchecked") &&
	    s3_word_differs(ans->etag, t->md5_hex, t->sse))
		return err_set(e, ERR_DAMAGED,
		    "%s says that the MD5 of what it got is %s, it should be %s", host, ans->etag,
		    t->md5_hex);
	if (*t->checksum != '\0' && t->rq->md5 != NULL &&
	    s3_word_other_sha256(t->checksum, t->payload))
		return err_set(e, ERR_DAMAGED,
		    "%s says that the SHA-256 of what it got is %s, it should be %s", host,
		    t->checksum, t->payload);
	t->again = false;
	return 0;
}

static int
judge(struct talk *t, struct err *e)
{
	struct s3_answer *ans = t->ans;
	struct s3_word word = { .status = ans->status, .host = t->s->host,
		.bucket = t->s->at.bucket, .region = t->where,
		.removes = strcmp(t->rq->method, "DELETE") == 0 };
	bool good = ans->status >= 200 && ans->status < 300;

	/* CompleteMultipartUpload may say 200 first and think better of it in the body. */
	if (!s3_word_read(&word, t->arena, ans->body.p, ans->body.n) && good)
		return check_good(t, e);
	if (good && FAULT_CONTROL("s3.unchecked"))
		return 0;
	snprintf(ans->code, sizeof ans->code, "%s", word.code);
	t->again = s3_word_again(&word);
	return s3_word_say(&word, e);
}

static int
attempt(struct talk *t, struct err *e)
{
	const struct s3_request *rq = t->rq;
	const char *path = rq->key == NULL ? t->s->root
	    : arena_printf(t->arena, "%s%s", t->s->base, url_encode_path(t->arena, rq->key));
	const char *url = arena_printf(t->arena, "%s%s%s%s", t->s->origin, path,
	    rq->query != NULL ? "?" : "", rq->query != NULL ? rq->query : "");
	CURLcode code;
	long status = 0;
	int rc;

	t->again = false;
	t->got = 0;
	*t->sse = *t->checksum = *t->where = *t->detail = *t->ans->etag = *t->ans->code = '\0';
	t->ans->length = -1;
	t->ans->status = 0;
	buf_clear(&t->ans->body);
	t->c = take_handle(t->s);
	if (t->c == NULL)
		return err_set(e, ERR_INTERNAL, "libcurl could not start");
	rc = sign(t, path, e);
	if (rc == 0) {
		set_up(t, url);
		code = curl_easy_perform(t->c);
		curl_easy_getinfo(t->c, CURLINFO_RESPONSE_CODE, &status);
		t->ans->status = (int)status;
		rc = code != CURLE_OK ? no_answer(t, code, e) : judge(t, e);
	}
	give_handle(t->s, t->c);
	curl_slist_free_all(t->lines);
	t->lines = NULL;
	return rc;
}

/* The longer it goes on the longer they get, and no two workers wait alike. */
static void
wait_a_little(const struct s3 *s, const struct s3_request *rq, int tries)
{
	int64_t most = s->at.pause_ms << (tries < 16 ? tries - 1 : 15), left;

	if (most > PAUSE_MAX_MS)
		most = PAUSE_MAX_MS;
	left = most / 2 + (int64_t)rand_below((uint64_t)most / 2 + 1);
	for (; left > 0 && !stopped(rq); left -= STOP_MS)
		clock_sleep(left < STOP_MS ? left : STOP_MS);
}

/* A refused HEAD has no body and so no words: the GET of a byte is refused for the same reason. */
static void
ask_why(struct s3 *s, const struct s3_request *rq, int status, struct err *e)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	char byte;
	const struct s3_request get = { .method = "GET", .key = rq->key, .query = rq->query,
		.into = &byte, .room = 1 };
	struct talk t = { .s = s, .rq = &get, .ans = &ans, .arena = arena };
	struct err why;

	digest(&t);
	if (attempt(&t, &why) != 0 && ans.status == status)
		*e = why;
}

int
s3_send(struct s3_answer *ans, struct s3 *s, const struct s3_request *rq, struct err *e)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct talk t = { .s = s, .rq = rq, .ans = ans, .arena = arena };

	digest(&t);
	for (ans->tries = 1;; ans->tries++) {
		if (attempt(&t, e) == 0)
			return 0;
		if (!t.again || ans->tries >= s->at.tries)
			break;
		wait_a_little(s, rq, ans->tries);
	}
	if (strcmp(rq->method, "HEAD") == 0 && ans->status >= 400 && ans->status != 404)
		ask_why(s, rq, ans->status, e);
	if (ans->tries == 1)
		return -1;
	return err_set(e, e->kind, "%s (tried %d times)", arena_dup(arena, e->text), ans->tries);
}
