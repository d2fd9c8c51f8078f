/* s3_parts.c: one multipart upload. */
#include "worker/dest/s3_parts.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/fault.h"
#include "lib/base/rand.h"
#include "lib/util/s3_xml.h"
#include "lib/util/url.h"
#include "worker/archive/press.h"

enum {
	STEP = 5 << 20, FLAT_PARTS = 3000, STEP_PARTS = 135, PARTS_MAX = 10000, TRAVEL = 3,
	ID_MAX = 1024, MD5_SIZE = 16,
};

_Static_assert((TRAVEL + 1) * STEP <= S3_PARTS_MEMORY, "one is filled beside those that travel");

struct part {
	int number;
	const char *query;
	struct buf bytes;
	char md5[S3_MD5_HEX], etag[S3_ETAG];
};

struct s3_parts {
	struct arena *arena;
	struct s3 *s3;
	const char *key, *id;
	int count;                    /* given */
	struct part parts[TRAVEL];
	struct press *press;
	pthread_mutex_t lock;         /* of what follows */
	struct buf spare[TRAVEL];     /* empty, but with memory: taken before any new one */
	int spares;
	bool failed;
	struct err error;
	atomic_bool stop;
	struct buf list;              /* of CompleteMultipartUpload, so far */
	struct buf md5s;              /* of the parts, raw: their MD5 is the whole one's ETag */
};

static void
keep_md5(struct s3_parts *p, const char hex[S3_MD5_HEX])
{
	for (int i = 0; i < MD5_SIZE; i++) {
		unsigned byte = 0;

		sscanf(hex + 2 * (size_t)i, "%2x", &byte);
		buf_char(&p->md5s, (char)byte);
	}
}

static int
put(struct s3_parts *p, struct part *part, struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	const struct s3_request rq = { .method = "PUT", .key = p->key, .query = part->query,
		.body = part->bytes.p, .body_n = part->bytes.n, .md5 = part->md5,
		.stop = &p->stop };

	if (s3_send(&ans, p->s3, &rq, e) != 0)
		return err_in(e, "part %d", part->number);
	if (ans.etag[0] == '\0' || strpbrk(ans.etag, "<>&") != NULL)
		return err_set(e, ERR_DAMAGED, "part %d: the storage gave it no ETag",
		    part->number);
	snprintf(part->etag, sizeof part->etag, "%s", ans.etag);
	return 0;
}

/* A later part takes the same memory, unless it is a longer one. */
static void
put_by(struct s3_parts *p, struct buf *bytes)
{
	bool longer = bytes->n > STEP;

	pthread_mutex_lock(&p->lock);
	if (!longer && p->spares < TRAVEL) {
		buf_clear(bytes);
		p->spare[p->spares++] = *bytes;
		*bytes = (struct buf)BUF_INIT;
	}
	pthread_mutex_unlock(&p->lock);
	buf_release(bytes);
}

static struct buf
take_spare(struct s3_parts *p)
{
	struct buf b = BUF_INIT;

	pthread_mutex_lock(&p->lock);
	if (p->spares > 0)
		b = p->spare[--p->spares];
	pthread_mutex_unlock(&p->lock);
	return b;
}

/* While nothing travels. */
static void
release_spares(struct s3_parts *p)
{
	while (p->spares > 0)
		buf_release(&p->spare[--p->spares]);
}

/* Those that the first failure breaks off have nothing to say of their own. */
static int
send_one(void *arg, int thread UNUSED, void *item, struct err *e)
{
	struct s3_parts *p = arg;
	struct part *part = item;
	int rc = put(p, part, e);

	put_by(p, &part->bytes);
	if (rc == 0)
		return 0;
	pthread_mutex_lock(&p->lock);
	if (!p->failed)
		p->error = *e;
	p->failed = true;
	*e = p->error;
	pthread_mutex_unlock(&p->lock);
	atomic_store(&p->stop, true);
	return -1;
}

/* In their order. */
static int
list_one(void *arg, void *item, struct err *e UNUSED)
{
	struct s3_parts *p = arg;
	const struct part *part = item;

	FAULT("s3.part");
	keep_md5(p, part->md5);
	buf_printf(&p->list, "<Part><PartNumber>%d</PartNumber><ETag>\"%s\"</ETag></Part>",
	    part->number, part->etag);
	return 0;
}

static int
start_press(struct s3_parts *p, struct err *e)
{
	void *items[TRAVEL];

	for (int i = 0; i < TRAVEL; i++) {
		p->parts[i].bytes = (struct buf)BUF_INIT;
		items[i] = &p->parts[i];
	}
	const struct press_spec spec = { .threads = TRAVEL, .slots = TRAVEL, .items = items,
		.work = send_one, .deliver = { list_one, NULL }, .arg = p };

	return press_new(&p->press, &spec, e);
}

struct id {
	struct arena *arena;
	const char *text;
};

static int
see_id(void *arg, const char *path, const char *text, struct err *e UNUSED)
{
	struct id *id = arg;

	if (strcmp(path, "InitiateMultipartUploadResult/UploadId") == 0)
		id->text = arena_dup(id->arena, text);
	return 0;
}

int
s3_parts_begin(struct s3_parts **ret, bool *twice, struct s3 *s, const char *key, struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	const struct s3_request rq = { .method = "POST", .key = key, .query = "uploads=",
		.body = "", .stores = true, .fresh = true };
	struct arena *a = arena_new();
	struct s3_parts *p = arena_alloc(a, sizeof *p);
	struct id id = { a, NULL };
	struct err ignored;

	*p = (struct s3_parts){ .arena = a, .s3 = s, .key = arena_dup(a, key), .list = BUF_INIT,
		.md5s = BUF_INIT, .lock = PTHREAD_MUTEX_INITIALIZER };
	if (s3_send(&ans, s, &rq, e) != 0 ||
	    s3_xml_read(ans.body.p, ans.body.n, see_id, &id, e) != 0)
		goto undo;
	if (id.text == NULL || *id.text == '\0' || strlen(id.text) > ID_MAX) {
		err_set(e, ERR_DAMAGED, "the storage began an upload and gave it no id");
		goto undo;
	}
	p->id = id.text;
	buf_text(&p->list, "<CompleteMultipartUpload>");
	if (start_press(p, e) != 0) {
		(void)!s3_parts_abort_id(s, key, p->id, &ignored);
		goto undo;
	}
	*twice = ans.tries > 1;
	*ret = p;
	return 0;
undo:
	s3_parts_free(p);
	return -1;
}

void
s3_parts_free(struct s3_parts *p)
{
	if (p == NULL)
		return;
	atomic_store(&p->stop, true);
	press_freep(&p->press);
	for (int i = 0; i < TRAVEL; i++)
		buf_release(&p->parts[i].bytes);
	release_spares(p);
	pthread_mutex_destroy(&p->lock);
	buf_release(&p->list);
	buf_release(&p->md5s);
	arena_free(p->arena);
}

const char *
s3_parts_id(const struct s3_parts *p)
{
	return p->id;
}

int
s3_parts_count(const struct s3_parts *p)
{
	return p != NULL ? p->count : 0;
}

size_t
s3_parts_size(int so_far)
{
	int more = so_far < FLAT_PARTS ? 0 : 1 + (so_far - FLAT_PARTS) / STEP_PARTS;

	return (size_t)STEP * (size_t)(1 + more);
}

int
s3_parts_send(struct s3_parts *p, struct buf *data, struct err *e)
{
	/* A longer one that is filled next leaves room for one that travels, or for none. */
	size_t next = s3_parts_size(p->count + 1);
	bool few = next > STEP, none = data->n + next > S3_PARTS_MEMORY;
	struct part *part;
	void *item;

	if (p->count == PARTS_MAX)
		return err_set(e, ERR_INPUT, "it is longer than %d parts can hold", PARTS_MAX);
	if ((few && press_finish(p->press, e) != 0) || press_take(&item, p->press, e) != 0)
		return -1;
	if (few)
		release_spares(p);
	part = item;
	part->number = ++p->count;
	part->query = arena_printf(p->arena, "partNumber=%d&uploadId=%s", part->number,
	    url_encode(p->arena, p->id));
	part->bytes = *data;
	*data = take_spare(p);
	press_give(p->press);
	return none ? press_finish(p->press, e) : 0;
}

int
s3_parts_wait(struct s3_parts *p, struct err *e)
{
	return press_finish(p->press, e);
}

/* An answer was lost and now the upload is gone: it was completed if what lies there is, to the
 * ETag, what was sent. */
static int
was_completed(struct s3_parts *p, struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	const struct s3_request rq = { .method = "HEAD", .key = p->key };
	unsigned char md5[MD5_SIZE];
	char hex[S3_MD5_HEX], want[S3_ETAG];
	struct err why;

	if (EVP_Digest(p->md5s.p, p->md5s.n, md5, NULL, EVP_md5(), NULL) != 1)
		return -1;
	rand_hex(hex, md5, sizeof md5);
	snprintf(want, sizeof want, "%s-%d", hex, p->count);
	if (s3_send(&ans, p->s3, &rq, &why) == 0 && strcmp(ans.etag, want) == 0)
		return 0;
	return err_set(e, ERR_NOT_FOUND,
	    "the upload is gone, and what lies there is not what was sent");
}

int
s3_parts_complete(struct s3_parts *p, struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	struct s3_request rq = { .method = "POST", .key = p->key,
		.query = arena_printf(p->arena, "uploadId=%s", url_encode(p->arena, p->id)) };

	buf_text(&p->list, "</CompleteMultipartUpload>");
	rq.body = p->list.p;
	rq.body_n = p->list.n;
	if (s3_send(&ans, p->s3, &rq, e) == 0)
		return 0;
	/* libcurl, too, asks once more when a connection that it had kept breaks off. */
	if (e->kind == ERR_NOT_FOUND)
		return was_completed(p, e);
	return err_in(e, "put the %d parts together", p->count);
}

/* What still travelled could come after the end. */
int
s3_parts_abort(struct s3_parts *p, struct err *e)
{
	atomic_store(&p->stop, true);
	press_freep(&p->press);
	return s3_parts_abort_id(p->s3, p->key, p->id, e);
}

int
s3_parts_abort_id(struct s3 *s, const char *key, const char *id, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	const struct s3_request rq = { .method = "DELETE", .key = key,
		.query = arena_printf(a, "uploadId=%s", url_encode(a, id)) };

	if (s3_send(&ans, s, &rq, e) != 0 && e->kind != ERR_NOT_FOUND)
		return err_in(e, "abort the upload of '%s'", key);
	return 0;
}
