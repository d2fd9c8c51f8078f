/* do_reconcile.c: a storage is looked through and compared with the catalogue. It only reads. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/num.h"
#include "lib/base/utf8.h"
#include "lib/store/findings.h"
#include "lib/store/invariants.h"
#include "lib/store/jobs.h"
#include "worker/job/act.h"
#include "worker/job/sidecar_read.h"

/* What is younger may be a job's that began after the rows were read. */
enum { YOUNG_MS = 24 * 3600 * 1000, SIDECAR_MAX = 4 << 20, SAY_EVERY = 1000, LOG_LINES = 200 };

/* One object that the catalogue names, and what lies there: -1 nothing. */
struct named {
	const struct invariants_file *row;
	int64_t bytes;
};

struct stray {
	const char *path;
	int64_t bytes;
};

struct look {
	struct plan *plan;
	struct named *named;          /* in the order of their path */
	size_t named_count;
	struct stray *strays;
	size_t stray_count, stray_capacity;
	int64_t began;
	int64_t objects, bytes;
	struct finding *items;
	size_t count, capacity;
};

/* -- what lies there -- */

static int
by_path(const void *key, const void *item)
{
	return strcmp(key, ((const struct named *)item)->row->path);
}

static bool
is_ours(const char *path)
{
	return strcmp(path, "lazarette.json") == 0 || strcmp(path, "README.txt") == 0 ||
	    strcmp(path, "lazarette.pub") == 0 || strcmp(path, "restore-files.sh") == 0;
}

static bool
is_being_written(const struct look *look, const char *path)
{
	for (size_t i = 0; i < look->named_count; i++)
		if (invariants_writes(look->named[i].row, path))
			return true;
	return false;
}

static void
note_stray(struct look *look, const struct dest_entry *entry)
{
	struct arena *a = look->plan->arena;

	if (is_ours(entry->key) || entry->changed_at > look->began - YOUNG_MS ||
	    look->stray_count == FINDINGS_UNKNOWN || is_being_written(look, entry->key))
		return;
	look->strays = arena_grow(a, look->strays, look->stray_count, &look->stray_capacity,
	    sizeof *look->strays);
	look->strays[look->stray_count++] =
	    (struct stray){ arena_dup(a, entry->key), entry->bytes };
}

static int
see(void *arg, const struct dest_entry *entry, struct err *e UNUSED)
{
	struct look *look = arg;
	struct named *found = look->named_count == 0
	    ? NULL
	    : bsearch(entry->key, look->named, look->named_count, sizeof *look->named, by_path);

	look->objects++;
	look->bytes += entry->bytes;
	if (look->objects % SAY_EVERY == 0)
		report_phase(look->plan->report, "%" PRId64 " objects seen", look->objects);
	if (found != NULL)
		found->bytes = entry->bytes;
	else
		note_stray(look, entry);
	return 0;
}

/* -- what is wrong -- */

static PRINTF(4, 5) void
find(struct look *look, enum finding_kind kind, const struct finding *what, const char *fmt, ...)
{
	struct arena *a = look->plan->arena;
	struct finding f = *what;
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = arena_vprintf(a, fmt, ap);
	va_end(ap);
	f.kind = kind;
	f.path = utf8_clean(a, f.path, strlen(f.path));
	f.text = utf8_clean(a, text, strlen(text));
	look->items =
	    arena_grow(a, look->items, look->count, &look->capacity, sizeof *look->items);
	look->items[look->count++] = f;
	if (look->count <= LOG_LINES)
		report_say(look->plan->report, kind == FINDING_UNKNOWN ? "note" : "warn",
		    "%s: %s", f.path, f.text);
}

/* Whether the object is (still) not there, for what was listed may have come or gone since. */
static int
size_now(int64_t *ret, struct look *look, const char *path, struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes;

	if (object_open_as_is(&o, &bytes, look->plan->dest, path, e) != 0) {
		if (e->kind != ERR_NOT_FOUND && e->kind != ERR_DAMAGED)
			return -1;
		bytes = -1;
	}
	*ret = bytes;
	return 0;
}

/* A sidecar's size is not in the catalogue; that it reads as it was written, verifying tells. */
static int
judge_named(struct look *look, struct named *n, struct err *e)
{
	const struct invariants_file *row = n->row;
	struct arena *a = look->plan->arena;
	struct finding f = { .path = row->path };

	if (row->wish == INVARIANTS_MAY ||
	    (n->bytes >= 0 && (row->bytes < 0 || row->bytes == n->bytes)))
		return 0;
	if (size_now(&n->bytes, look, row->path, e) != 0)
		return -1;
	if (n->bytes >= 0 && (row->bytes < 0 || row->bytes == n->bytes))
		return 0;
	if (row->owner[0] != 'b' || !num_parse(&f.backup, row->owner + 1, 1, INT64_MAX))
		f.backup = 0;
	if (n->bytes < 0)
		find(look, FINDING_MISSING, &f, "%s", findings_gone(a, row->owner));
	else
		find(look, FINDING_DAMAGED, &f, "%s",
		    findings_resized(a, row->owner, n->bytes, row->bytes));
	return 0;
}

/* The words of a sidecar that the catalogue does not know; NULL: it is none, or cannot be read. */
static char *
describe(struct look *look, const struct stray *s)
{
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct arena *a = look->plan->arena;
	size_t n = strlen(s->path);
	struct sidecar_read found;
	char made[NUM_TEXT];
	int64_t bytes;
	ssize_t got;
	struct err e;

	if (n < 5 || strcmp(s->path + n - 5, ".json") != 0 || s->bytes > SIDECAR_MAX ||
	    object_open(&o, &bytes, look->plan->dest, s->path, &e) != 0 || bytes > SIDECAR_MAX)
		return NULL;
	got = object_read(o, 0, buf_room(&text, (size_t)bytes), (size_t)bytes, &e);
	if (got < 0)
		return NULL;
	buf_took(&text, (size_t)got);
	if (sidecar_read(&found, a, text.p, text.n, &e) != 0)
		return NULL;
	num_date(made, found.created_at);
	return arena_printf(a,
	    "it describes backup b%" PRId64 " of %s/%s, made %s UTC, which the catalogue does not"
	    " know (import?)", found.number, found.project, found.environment, made);
}

static void
judge_stray(struct look *look, const struct stray *s)
{
	const struct finding f = { .path = s->path };
	char *words = describe(look, s);
	char size[NUM_TEXT];

	num_size(size, s->bytes);
	if (words != NULL)
		find(look, FINDING_UNKNOWN, &f, "%s", words);
	else
		find(look, FINDING_UNKNOWN, &f, "%s that nothing names (import?)", size);
}

/* -- the job -- */

/* The rows come first: what is published after that is younger than any stray may be. */
static int
read_rows(struct look *look, struct err *e)
{
	struct plan *p = look->plan;
	struct invariants_file *rows;

	if (invariants_objects(&rows, &look->named_count, p->arena, p->db, p->storage.id, e) != 0)
		return -1;
	look->named = arena_array(p->arena, look->named_count + 1, sizeof *look->named);
	for (size_t i = 0; i < look->named_count; i++)
		look->named[i] = (struct named){ &rows[i], -1 };
	return 0;
}

static int
judge(struct look *look, struct err *e)
{
	for (size_t i = 0; i < look->named_count; i++) {
		/* To ask for each that was not listed takes a while: a sign of life. */
		if (i % SAY_EVERY == 0)
			report_phase(look->plan->report, "comparing: %zu of %zu", i,
			    look->named_count);
		if (judge_named(look, &look->named[i], e) != 0)
			return -1;
	}
	for (size_t i = 0; i < look->stray_count; i++)
		judge_stray(look, &look->strays[i]);
	return 0;
}

static int
work(struct plan *p, struct err *e)
{
	struct look look = { .plan = p, .began = clock_now() };
	struct findings_look found = { 0 };
	int64_t storage;

	if (findings_storage_of(&storage, p->db, p->job.id, e) != 0 ||
	    plan_storage(&p->dest, &p->storage, p, storage, e) != 0)
		return -1;
	report_phase(p->report, "%s: listing", p->storage.slug);
	if (read_rows(&look, e) != 0 || dest_each_object(p->dest, "", see, &look, e) != 0)
		return -1;
	FAULT("reconcile.listed");
	if (judge(&look, e) != 0 || dest_space(&found.free_bytes, p->dest, e) != 0 ||
	    plan_still_ours(p, e) != 0)
		return -1;
	found.storage = storage;
	found.objects = look.objects;
	found.bytes = look.bytes;
	found.items = look.items;
	found.count = look.count;
	report_say(p->report, "note", "%s: %" PRId64 " objects, %zu findings", p->storage.slug,
	    look.objects, look.count);
	return findings_write(p->db, &p->lease, &found, e);
}

const struct act do_reconcile = { .work = work };
