/* s3_list.c: what lies in a bucket, and which uploads there are unfinished. */
#include "worker/dest/s3_list.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/num.h"
#include "lib/util/s3_xml.h"
#include "lib/util/url.h"

/* One row of a list, and what the page of it says of the next one. */
struct page {
	struct arena *arena;
	const char *prefix;           /* of the bucket, with its slash; "" */
	const char *key, *id, *size, *changed;
	bool more;
	const char *next, *next_id;
	dest_each *object;
	s3_list_upload *upload;
	const char *wanted;           /* uploads: of this key alone */
	void *arg;
};

/* "2026-11-21T02:00:00.000Z"; 0 for another shape. */
static int64_t
moment(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	time_t at;

	if (rest == NULL)
		return 0;
	at = timegm(&tm);
	return at < 0 ? 0 : (int64_t)at * 1000;
}

/* The key as the house knows it; NULL for one that lies elsewhere. */
static const char *
below(const struct page *p)
{
	size_t n = strlen(p->prefix);

	return p->key != NULL && strncmp(p->key, p->prefix, n) == 0 ? p->key + n : NULL;
}

static int
end_object(struct page *p, struct err *e)
{
	struct dest_entry entry = { .key = below(p) };

	if (entry.key == NULL || p->size == NULL ||
	    !num_parse(&entry.bytes, p->size, 0, INT64_MAX))
		return err_set(e, ERR_DAMAGED, "the list of objects has one without key or size");
	entry.changed_at = p->changed != NULL ? moment(p->changed) : 0;
	/* Some consoles make an empty object for each folder they show. */
	if (*entry.key == '\0' || entry.key[strlen(entry.key) - 1] == '/')
		return 0;
	return p->object(p->arg, &entry, e);
}

static int
end_upload(struct page *p, struct err *e)
{
	const char *key = below(p);

	if (key == NULL || p->id == NULL || *p->id == '\0')
		return err_set(e, ERR_DAMAGED, "the list of uploads has one without key or id");
	return strcmp(key, p->wanted) == 0 ? p->upload(p->arg, key, p->id, e) : 0;
}

static int
see(void *arg, const char *path, const char *text, struct err *e)
{
	struct page *p = arg;
	const char *slash = strchr(path, '/'), *name = slash == NULL ? "" : slash + 1;
	const struct {
		const char *name;
		const char **to;
	} known[] = {
		{ "Contents/Key", &p->key }, { "Contents/Size", &p->size },
		{ "Contents/LastModified", &p->changed },
		{ "Upload/Key", &p->key }, { "Upload/UploadId", &p->id },
		{ "NextContinuationToken", &p->next }, { "NextKeyMarker", &p->next },
		{ "NextUploadIdMarker", &p->next_id },
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(name, known[i].name) == 0)
			*known[i].to = arena_dup(p->arena, text);
	if (strcmp(name, "IsTruncated") == 0)
		p->more = strcmp(text, "true") == 0;
	if (strcmp(name, "Contents") == 0)
		rc = p->object != NULL ? end_object(p, e) : 0;
	else if (strcmp(name, "Upload") == 0)
		rc = p->upload != NULL ? end_upload(p, e) : 0;
	else
		return 0;
	p->key = p->id = p->size = p->changed = NULL;
	return rc;
}

/* Reads one page; sets next and more. */
static int
read_page(struct page *p, struct s3 *s, const char *query, struct err *e)
{
	CLEANUP_S3_ANSWER struct s3_answer ans = S3_ANSWER_INIT;
	const struct s3_request rq = { .method = "GET", .query = query };

	p->more = false;
	p->next = p->next_id = NULL;
	if (s3_send(&ans, s, &rq, e) != 0)
		return -1;
	return s3_xml_read(ans.body.p, ans.body.n, see, p, e);
}

static int
go_on(struct buf *token, const char *next, const char *what, struct err *e)
{
	if (next == NULL || *next == '\0')
		return err_set(e, ERR_DAMAGED, "the list of %s does not say how it goes on", what);
	buf_clear(token);
	buf_text(token, next);
	return 0;
}

int
s3_list_objects(struct s3 *s, const char *begins, dest_each *fn, void *arg, struct err *e)
{
	CLEANUP_BUF struct buf token = BUF_INIT;

	/* Each page has an arena of its own: a bucket may hold millions. */
	for (;;) {
		CLEANUP_ARENA struct arena *a = arena_new();
		struct page p = { .arena = a, .prefix = s3_prefix(s), .object = fn, .arg = arg };
		const char *prefix = url_encode(a, arena_printf(a, "%s%s", p.prefix, begins));
		const char *query = token.n == 0
		    ? arena_printf(a, "list-type=2&prefix=%s", prefix)
		    : arena_printf(a, "continuation-token=%s&list-type=2&prefix=%s",
		        url_encode(a, token.p), prefix);

		if (read_page(&p, s, query, e) != 0)
			return err_in(e, "list its objects");
		if (!p.more)
			return 0;
		if (go_on(&token, p.next, "objects", e) != 0)
			return -1;
	}
}

int
s3_list_uploads(struct s3 *s, const char *key, s3_list_upload *fn, void *arg, struct err *e)
{
	CLEANUP_BUF struct buf token = BUF_INIT;
	CLEANUP_BUF struct buf id = BUF_INIT;

	for (;;) {
		CLEANUP_ARENA struct arena *a = arena_new();
		struct page p = { .arena = a, .prefix = s3_prefix(s), .upload = fn, .wanted = key,
			.arg = arg };
		const char *prefix = url_encode(a, arena_printf(a, "%s%s", p.prefix, key));
		const char *query = token.n == 0
		    ? arena_printf(a, "prefix=%s&uploads=", prefix)
		    : arena_printf(a, "key-marker=%s&prefix=%s&upload-id-marker=%s&uploads=",
		        url_encode(a, token.p), prefix, url_encode(a, id.p));

		if (read_page(&p, s, query, e) != 0)
			return err_in(e, "list its unfinished uploads");
		if (!p.more)
			return 0;
		buf_clear(&id);
		buf_text(&id, p.next_id != NULL ? p.next_id : "");
		if (go_on(&token, p.next, "uploads", e) != 0)
			return -1;
	}
}
