/* s3_parts.c: one multipart upload. */
#include "worker/dest/s3_parts.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/rand.h"
#include "lib/util/s3_xml.h"
#include "lib/util/url.h"

enum { STEP = 8 << 20, STEP_PARTS = 400, PARTS_MAX = 10000, ID_MAX = 1024, MD5_SIZE = 16 };

struct s3_parts {
	struct arena *arena;
	struct s3 *s3;
	const char *key, *id;
	int count;
	struct buf list;              /* of CompleteMultipartUpload, so far */
	struct buf md5s;              /* of the parts, raw: their MD5 is the whole one's ETag */
};

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

	*p = (struct s3_parts){ .arena = a, .s3 = s, .key = arena_dup(a, key), .list = BUF_INIT,
		.md5s = BUF_INIT };
	if (s3_send(&ans, s, &rq, e) != 0 ||
	    s3_xml_read(ans.body.p, ans.body.n, see_id, &id, e) != 0)
		goto undo;
	if (id.text == NULL || *id.text == '\0' || strlen(id.text) > ID_MAX) {
		err_set(e, ERR_DAMAGED, "the storage began an upload and gave it no id");
		goto undo;
	}
	p->id = id.text;
	buf_text(&p->list, "<CompleteMultipartUpload>");
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
	return (size_t)STEP * (size_t)(1 + so_far / STEP_PARTS);
}

static void
keep_md5(struct s3_parts *p, const char hex[S3_MD5_HEX])
{
	for (int i = 0; i < MD5_SIZE; i++) {
		unsigned byte = 0;

		sscanf(hex + 2 * (size_t)i, "%2x", &byte);
		buf_char(&p->md5s, (char)byte);
	}
}

int
s3_parts_send(struct s3_parts *p, const void *data, size_t n, struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	char md5[S3_MD5_HEX] = "";
	const struct s3_request rq = { .method = "PUT", .key = p->key, .body = data, .body_n = n,
		.md5 = md5, .query = arena_printf(p->arena, "partNumber=%d&uploadId=%s",
		    p->count + 1, url_encode(p->arena, p->id)) };

	if (p->count == PARTS_MAX)
		return err_set(e, ERR_INPUT, "it is longer than %d parts can hold", PARTS_MAX);
	if (s3_send(&ans, p->s3, &rq, e) != 0)
		return err_in(e, "part %d", p->count + 1);
	if (ans.etag[0] == '\0' || strpbrk(ans.etag, "<>&") != NULL)
		return err_set(e, ERR_DAMAGED, "part %d: the storage gave it no ETag",
		    p->count + 1);
	p->count++;
	keep_md5(p, md5);
	buf_printf(&p->list, "<Part><PartNumber>%d</PartNumber><ETag>\"%s\"</ETag></Part>",
	    p->count, ans.etag);
	return 0;
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

int
s3_parts_abort(struct s3_parts *p, struct err *e)
{
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
