/* gc.c: what lies in the storages and is of no use to any backup any more. */
#include "worker/gc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/num.h"
#include "lib/base/utf8.h"
#include "lib/store/db.h"
#include "lib/store/invariants.h"
#include "lib/store/packs.h"
#include "lib/store/projects.h"
#include "worker/dest/wrap.h"
#include "worker/job/plan.h"
#include "worker/job/sign.h"

enum { YOUNG_MS = 24 * 3600 * 1000 };

/* Nobody names it. */
struct stray {
	const char *key;
	int64_t bytes, changed_at;
};

struct gc {
	struct arena *arena;
	struct db *db;
	struct dest *dest;
	int64_t storage;
	const char *slug;
	const struct invariants_file *rows;   /* in the order of their path */
	size_t row_count;
	struct stray *strays;
	size_t stray_count, stray_capacity;
	int64_t began;
	int64_t gone, gone_bytes, kept;
	bool dry;
};

static int
by_path(const void *key, const void *item)
{
	return strcmp(key, ((const struct invariants_file *)item)->path);
}

/* Behind the last slash; one of the storage's own files has none. */
static const char *
name_of(const char *key)
{
	const char *slash = strrchr(key, '/');

	return slash == NULL ? key : slash + 1;
}

static bool
is_upload(const char *key)
{
	const char *name = name_of(key);
	size_t n = strlen(name);

	return name[0] == '.' && n > 5 && strcmp(name + n - 4, ".tmp") == 0;
}

static int
note(void *arg, const struct dest_entry *entry, struct err *e UNUSED)
{
	struct gc *g = arg;

	if ((strchr(entry->key, '/') == NULL && !is_upload(entry->key)) || (g->row_count > 0 &&
	    bsearch(entry->key, g->rows, g->row_count, sizeof *g->rows, by_path) != NULL))
		return 0;
	g->strays = arena_grow(g->arena, g->strays, g->stray_count, &g->stray_capacity,
	    sizeof *g->strays);
	g->strays[g->stray_count++] = (struct stray){ arena_dup(g->arena, entry->key),
		entry->bytes, entry->changed_at };
	return 0;
}

static bool
is_being_written(const struct gc *g, const char *key)
{
	for (size_t i = 0; i < g->row_count; i++)
		if (invariants_writes(&g->rows[i], key))
			return true;
	return false;
}

/* A signature goes with what it is of, and so does a header for other keys. */
static const char *
owner_key(struct arena *a, const char *key)
{
	static const char *const endings[] = { SIGN_ENDING, WRAP_ENDING };
	size_t n = strlen(key);

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		size_t tail = strlen(endings[i]);

		if (n > tail && strcmp(key + n - tail, endings[i]) == 0)
			return arena_dupn(a, key, n - tail);
	}
	return key;
}

/* Why it may go; or NULL, and *stays says why not. */
static int
judge(const char **goes, const char **stays, struct gc *g, const struct stray *s, struct err *e)
{
	const struct pack_place at = { .storage = g->storage,
		.key = owner_key(g->arena, s->key) };
	int64_t backup;
	bool needed;

	*goes = NULL;
	*stays = "it is younger than a day";
	if (s->changed_at > g->began - YOUNG_MS && !FAULT_CONTROL("gc.young"))
		return 0;
	if (is_upload(s->key)) {
		*stays = "a running job writes it";
		if (!is_being_written(g, s->key))
			*goes = "an upload that was never finished";
		return 0;
	}
	*stays = "the catalogue has never heard of it";
	if (packs_former(&backup, g->db, &at, e) != 0)
		return -1;
	if (backup == 0)
		return 0;
	/* The rows were read a while ago. */
	*stays = "a backup needs it by now";
	if (packs_needed(&needed, g->db, &at, e) != 0)
		return -1;
	if (!needed)
		*goes = arena_printf(g->arena,
		    "backup b%" PRId64 " is gone and no other needs it", backup);
	return 0;
}

static int
settle(struct gc *g, const struct stray *s, struct err *e)
{
	const char *goes, *stays, *key = utf8_clean(g->arena, s->key, strlen(s->key));
	char size[NUM_TEXT];

	if (judge(&goes, &stays, g, s, e) != 0)
		return -1;
	num_size(size, s->bytes);
	if (goes == NULL) {
		printf("stays: %s: %s (%s): %s\n", g->slug, key, size, stays);
		g->kept++;
		return 0;
	}
	if (!g->dry && dest_remove(g->dest, s->key, e) != 0)
		return -1;
	printf("%s: %s: %s (%s): %s\n", g->dry ? "would go" : "gone", g->slug, key, size, goes);
	g->gone++;
	g->gone_bytes += s->bytes;
	return 0;
}

static int
sweep(struct gc *g, const struct conf *conf, const struct storage *s, struct err *e)
{
	struct plan p = { .conf = conf, .arena = g->arena, .db = g->db };
	CLEANUP_DEST struct dest *dest = NULL;
	struct invariants_file *rows;
	struct storage storage;

	if (plan_storage(&dest, &storage, &p, s->id, e) != 0 ||
	    invariants_objects(&rows, &g->row_count, g->arena, g->db, s->id, e) != 0)
		return -1;
	g->dest = dest;
	g->slug = s->slug;
	g->storage = s->id;
	g->rows = rows;
	g->strays = NULL;
	g->stray_count = g->stray_capacity = 0;
	if (dest_each_object(dest, "", note, g, e) != 0)
		return -1;
	for (size_t i = 0; i < g->stray_count; i++)
		if (settle(g, &g->strays[i], e) != 0)
			return -1;
	return 0;
}

int
gc_run(const struct conf *conf, bool dry, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_DB struct db *db = NULL;
	struct gc g = { .arena = a, .dry = dry, .began = clock_now() };
	struct storage *list;
	char size[NUM_TEXT];
	size_t n;

	if (db_open(&db, conf->catalog, e) != 0 || storages_list(&list, &n, a, db, e) != 0)
		return -1;
	g.db = db;
	for (size_t i = 0; i < n; i++)
		if (sweep(&g, conf, &list[i], e) != 0)
			return err_in(e, "storage %s", list[i].slug);
	num_size(size, g.gone_bytes);
	printf("%" PRId64 " objects %s (%s), %" PRId64 " stay that no backup names\n", g.gone,
	    dry ? "would go" : "are gone", size, g.kept);
	return 0;
}
