/* rebuild.c: the catalogue's backups made again from the sidecars of a storage. */
#include "worker/rebuild.h"

#include <inttypes.h>
#include <libsmartcols.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/model/storage.h"
#include "lib/store/projects.h"
#include "lib/store/regain.h"
#include "lib/store/settings.h"
#include "worker/job/meet.h"
#include "worker/job/plan.h"
#include "worker/job/rebuild_read.h"

struct work {
	const struct rebuild_order *order;
	struct arena *arena;
	struct db *db;
	struct vouch vouch;
	struct rebuild_read read;
	struct regain rows;
	const char *instance;         /* the id of this one, also where it becomes another */
	struct regain_texts left;     /* storages of which nobody knows whether they name it */
	bool other_key;               /* the storage names another signing key than this instance */
};

/* -- which storage -- */

/* A name that no storage has; the first is called as the one that init makes. */
static const char *
name_storage(struct arena *a, const struct storage *list, size_t count, const char *folder)
{
	const char *base = count == 0 ? "main" : strrchr(folder, '/') + 1, *name;
	struct err why;
	bool taken;

	if (name_check_slug(base, &why) != 0)
		base = "storage";
	name = base;
	for (int i = 2;; i++) {
		taken = false;
		for (size_t j = 0; j < count; j++)
			taken |= strcmp(list[j].slug, name) == 0;
		if (!taken)
			return name;
		name = arena_printf(a, "%.*s-%d", NAME_SLUG_MAX - 8, base, i);
	}
}

static int
find_folder(struct storage *ret, struct work *w, struct err *e)
{
	char wanted[PATH_MAX], path[PATH_MAX];
	struct storage *list;
	size_t count;

	if (realpath(w->order->storage, wanted) == NULL)
		return err_sys(e, "find the folder '%s'", w->order->storage);
	if (storages_list(&list, &count, w->arena, w->db, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].kind, "local") == 0 && realpath(list[i].path, path) != NULL &&
		    strcmp(path, wanted) == 0)
			return storages_by_id(ret, w->arena, w->db, list[i].id, e);
	}
	const char *kept = arena_dup(w->arena, wanted);

	*ret = (struct storage){ .slug = name_storage(w->arena, list, count, kept),
		.kind = "local", .path = kept,
		.bucket = { "", "", "", "", "", "", "", "" } };
	return 0;
}

static int
find_storage(struct storage *ret, struct work *w, struct err *e)
{
	if (strchr(w->order->storage, '/') != NULL)
		return find_folder(ret, w, e);
	if (storages_by_slug(ret, w->arena, w->db, w->order->storage, e) == 0)
		return 0;
	return e->kind != ERR_NOT_FOUND ? -1 : err_set(e, ERR_NOT_FOUND,
	    "there is no storage '%s': name it as the page Storage does, or a folder by its path",
	    w->order->storage);
}

/* -- whose it is -- */

static int
judge_owner(struct work *w, struct err *e)
{
	const struct storage *s = &w->rows.storage;
	char *instance, *signing;

	if (dest_claim_owner(&w->vouch.owner, w->arena, w->vouch.dest, e) != 0 ||
	    settings_get(&instance, w->arena, w->db, "instance_id", e) != 0 ||
	    settings_get(&signing, w->arena, w->db, "sign_public_key", e) != 0)
		return -1;
	const struct dest_owner *owner = &w->vouch.owner;

	w->instance = instance;
	w->other_key = *owner->signing_key != '\0' && *signing != '\0' &&
	    strcmp(owner->signing_key, signing) != 0;
	if (*owner->instance == '\0')
		return err_set(e, ERR_BUSY, "%s has no lazarette.json, which says whose it is. Is"
		    " its disk mounted?", s->path);
	/* What is known here counts more than what anybody can write there, or take out there. */
	w->vouch.by = w->order->signing_key == NULL && *signing != '\0' ? signing
	                                                                : w->order->signing_key;
	if (strcmp(owner->instance, instance) == 0)
		return 0;
	if (!w->order->adopt)
		return err_set(e, ERR_CONFLICT,
		    "the storage belongs to another Lazarette (%.60s). If that one is gone for good"
		    " and this one is to take its place, add --adopt: this instance then becomes"
		    " that one, which only one without backups can", owner->instance);
	/* The next job there puts its own key there. */
	if (w->other_key && w->order->signing_key == NULL)
		return err_set(e, ERR_CONFLICT,
		    "the storage names another signing key than this instance has. Put the folder"
		    " keys back from your copy, remove the new catalogue, and begin again with"
		    " lazarette admin init. If it is lost for good, name the old public key with"
		    " --signing-key, and keep a copy of it: the storage will name the new one");
	if (*owner->signing_key == '\0' && *signing != '\0' && w->order->signing_key == NULL &&
	    !w->order->not_signed)
		return err_set(e, ERR_CONFLICT,
		    "the storage names no signing key, though this instance has one: the lost one"
		    " had none, or somebody has taken it out of lazarette.json. If it had one, name"
		    " the public key with --signing-key, from your copy and not from the storage;"
		    " if it never had one, add --unsigned");
	w->rows.adopt = owner->instance;
	return regain_may_adopt(w->db, e);
}

/* What a test has left in the other storages would make them another's. This catalogue has no
 * backups, so nothing else of it is there. */
static int
leave_others(struct work *w, const struct conf *conf, struct err *e)
{
	struct plan p = { .conf = conf, .arena = w->arena, .db = w->db };
	struct storage *list, s;
	struct err why;
	size_t count;

	if (w->rows.adopt == NULL || w->order->dry)
		return 0;
	if (storages_list(&list, &count, w->arena, w->db, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		CLEANUP_DEST struct dest *d = NULL;

		/* To a server whose key nobody has confirmed nothing was ever sent. */
		if (list[i].id == w->rows.storage.id ||
		    (storage_is_server(&list[i]) && *list[i].server.host_key == '\0'))
			continue;
		if (storages_by_id(&s, w->arena, w->db, list[i].id, e) != 0)
			return -1;
		if (plan_dest(&d, &s, &p, &why) != 0 || dest_claim_leave(d, w->instance, &why) != 0)
			regain_tell(&w->left, w->arena, "%s: %s", s.slug, why.text);
	}
	return 0;
}

/* -- what came of it -- */

struct tally {
	const char *where;            /* "shop/live" */
	int64_t oldest, newest;
	size_t fates[REGAIN_FATES];
};

static struct tally *
tally_of(struct tally *list, size_t *count, const char *where)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(list[i].where, where) == 0)
			return &list[i];
	list[*count] = (struct tally){ .where = where };
	return &list[(*count)++];
}

static size_t
tally_all(struct tally *list, const struct work *w)
{
	size_t count = 0;

	for (size_t i = 0; i < w->rows.count; i++) {
		const struct regain_backup *b = &w->rows.backups[i];
		struct tally *t = tally_of(list, &count, arena_printf(w->arena, "%s/%s",
		    b->row.project_slug, b->row.environment_slug));

		t->fates[b->fate]++;
		if (t->oldest == 0 || b->row.created_at < t->oldest)
			t->oldest = b->row.created_at;
		if (b->row.created_at > t->newest)
			t->newest = b->row.created_at;
	}
	return count;
}

static int
print_line(struct libscols_table *table, struct arena *a, const struct tally *t)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char oldest[NUM_TEXT], newest[NUM_TEXT];

	num_date(oldest, t->oldest);
	num_date(newest, t->newest);
	const char *cells[] = { t->where, arena_printf(a, "%zu", t->fates[REGAIN_TAKEN]),
		arena_printf(a, "%zu", t->fates[REGAIN_THERE] + t->fates[REGAIN_DIFFERS]),
		arena_printf(a, "%zu", t->fates[REGAIN_REFUSED]), oldest, newest };
	int rc = line == NULL;

	for (size_t i = 0; line != NULL && i < sizeof cells / sizeof *cells; i++)
		rc |= scols_line_set_data(line, i, cells[i]);
	return rc;
}

static int
print_table(const struct work *w, struct err *e)
{
	static const char *const heads[] = { "Environment", "New", "There", "Not taken", "Oldest",
		"Newest" };
	struct tally *list = arena_array(w->arena, w->rows.count + 1, sizeof *list);
	size_t count = tally_all(list, w);
	struct libscols_table *table = scols_new_table();
	int rc = table == NULL;

	for (size_t i = 0; table != NULL && i < sizeof heads / sizeof *heads; i++)
		rc |= scols_table_new_column(table, heads[i], 0,
		          i >= 1 && i <= 3 ? SCOLS_FL_RIGHT : 0) == NULL;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = print_line(table, w->arena, &list[i]);
	if (rc == 0 && count > 0)
		rc = scols_print_table(table);
	scols_unref_table(table);
	return rc == 0 ? 0 : err_set(e, ERR_INTERNAL, "the table could not be printed");
}

static void
print_texts(const char *head, const struct regain_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		printf("%s: %s\n", head, texts->items[i]);
}

/* Whether nothing of it is a trouble. */
static bool
print_backup(const struct regain_backup *b)
{
	if (b->fate == REGAIN_REFUSED || b->fate == REGAIN_DIFFERS)
		printf("%s: b%" PRId64 " (%s) of %s/%s: %s\n",
		    b->fate == REGAIN_REFUSED ? "not taken" : "left alone", b->row.id, b->row.uuid,
		    b->row.project_slug, b->row.environment_slug, b->why);
	for (size_t i = 0; b->fate == REGAIN_TAKEN && i < b->finding_count; i++)
		printf("%s: %s: %s\n", findings_kind_name(b->findings[i].kind),
		    b->findings[i].path, b->findings[i].text);
	return b->fate != REGAIN_REFUSED && (b->fate != REGAIN_TAKEN || b->finding_count == 0);
}

static void
print_next(const struct work *w, size_t taken)
{
	bool dry = w->order->dry;
	char until[NUM_TEXT];

	print_texts("type its password", &w->rows.secrets);
	print_texts("no schedule", &w->rows.unplanned);
	print_texts("not reached", &w->left);
	if (w->rows.adopt != NULL)
		printf("This instance %s %s.\n", dry ? "would become" : "is now", w->rows.adopt);
	if (w->left.count > 0)
		printf("If a test says that a storage belongs to %s, which is the id that this"
		       " instance had, remove lazarette.json from it.\n", w->instance);
	if (w->other_key)
		puts("These backups are signed by another key than this instance has: keep the old"
		     " public key, for the storage names the new one from its next use on.");
	num_date(until, clock_now() + REGAIN_STAYS_DAYS * INT64_C(86400000));
	if (taken > 0)
		printf("Marks, rules, hooks and accounts are in no storage; no rule deletes these "
		       "backups before %s.\n", until);
}

static int
print_all(bool *whole, const struct work *w, struct err *e)
{
	size_t fates[REGAIN_FATES] = { 0 }, not_taken = w->read.refused.count;
	bool good = not_taken == 0;

	if (!w->vouch.checks)
		puts("not checked: neither this storage nor this instance has a signing key");
	print_texts("not taken", &w->read.refused);
	for (size_t i = 0; i < w->rows.count; i++) {
		good &= print_backup(&w->rows.backups[i]);
		fates[w->rows.backups[i].fate]++;
	}
	print_texts("left alone", &w->rows.differs);
	if (print_table(w, e) != 0)
		return -1;
	print_next(w, fates[REGAIN_TAKEN]);
	printf("%zu %staken up, %zu there already, %zu not taken\n", fates[REGAIN_TAKEN],
	    w->order->dry ? "would be " : "", fates[REGAIN_THERE] + fates[REGAIN_DIFFERS],
	    fates[REGAIN_REFUSED] + not_taken);
	*whole = good;
	return 0;
}

int
rebuild_run(bool *whole, const struct conf *conf, const struct rebuild_order *order, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_DEST struct dest *dest = NULL;
	CLEANUP_DB struct db *db = NULL;
	struct work w = { .order = order, .arena = a };

	if (db_open(&db, conf->catalog, e) != 0)
		return -1;
	struct plan p = { .conf = conf, .arena = a, .db = db };

	w.db = db;
	w.rows = (struct regain){ .arena = a, .dry = order->dry };
	if (find_storage(&w.rows.storage, &w, e) != 0 ||
	    meet_server(&p, &w.rows.storage, e) != 0 ||
	    plan_dest(&dest, &w.rows.storage, &p, e) != 0)
		return -1;
	w.vouch = (struct vouch){ .arena = a, .dest = dest, .not_signed = order->not_signed };
	if (judge_owner(&w, e) != 0 || vouch_begin(&w.vouch, e) != 0)
		return -1;
	w.read = (struct rebuild_read){ .arena = a, .vouch = &w.vouch };
	if (rebuild_read(&w.read, e) != 0)
		return -1;
	w.rows.backups = w.read.backups;
	w.rows.count = w.read.count;
	return leave_others(&w, conf, e) != 0 || regain_write(&w.rows, db, e) != 0
	    ? -1 : print_all(whole, &w, e);
}
