/* secrets.c: every secret of the catalogue, and the key that opens them. */
#include "lib/store/secrets.h"

#include <string.h>

#include "lib/base/fault.h"
#include "lib/store/settings.h"
#include "lib/store/sql.h"
#include "lib/util/seal.h"

int
secrets_lock(struct secrets_locked *ret, struct arena *a, struct db *db, const char *text,
    struct err *e)
{
	struct secrets_locked locked;
	void *sealed;
	char *key;

	if (settings_get(&key, a, db, "seal_public_key", e) != 0 ||
	    seal_lock(&sealed, &locked.sealed_size, a, key, text, e) != 0)
		return -1;
	locked.sealed = sealed;
	locked.sealed_for = key;
	*ret = locked;
	return 0;
}

struct secret {
	int64_t id;
	const void *sealed;
	size_t size;
	char *owner;                  /* "shop/live/database" */
};

/* The next one behind ?1, and how it is written. */
static const struct table {
	const char *next, *put;
} tables[] = {
	{ "SELECT s.id, s.sealed, p.slug||'/'||v.slug||'/'||s.slug FROM service s JOIN"
	  " environment v ON v.id=s.environment JOIN project p ON p.id=v.project WHERE"
	  " s.id>?1 AND s.sealed IS NOT NULL ORDER BY s.id LIMIT 1",
	  "UPDATE service SET sealed=?2 WHERE id=?1" },
	{ "SELECT id, sealed, 'storage '||slug FROM storage WHERE id>?1 AND sealed IS NOT NULL"
	  " ORDER BY id LIMIT 1", "UPDATE storage SET sealed=?2 WHERE id=?1" },
	{ "SELECT id, sealed, 'channel '||name FROM channel WHERE id>?1 AND sealed IS NOT NULL"
	  " ORDER BY id LIMIT 1", "UPDATE channel SET sealed=?2 WHERE id=?1" },
	{ "SELECT id, message, 'mail '||id FROM outbox WHERE id>?1 AND message IS NOT NULL"
	  " ORDER BY id LIMIT 1", "UPDATE outbox SET message=?2 WHERE id=?1" },
};
enum { TABLES = sizeof tables / sizeof *tables };

static void
read_secret(void *row, struct sql *q, struct arena *a)
{
	struct secret *s = row;

	s->id = sql_int(q, 0);
	s->sealed = sql_blob(&s->size, q, 1, a);
	s->owner = sql_text(q, 2, a);
}

/* Where a walk through all of them is. */
struct walk {
	struct db *db;
	size_t table;
	struct secret at;
};

/* 1: the next one is there, in the arena; 0: that was the last; -1. */
static int
walk_on(struct walk *w, struct arena *a, struct err *e)
{
	for (; w->table < TABLES; w->table++, w->at.id = 0) {
		int rc = sql_first(&w->at, &(struct sql_query){ w->db, a, tables[w->table].next,
		    SQL_ARGS(sql_i(w->at.id)), 0, read_secret }, e);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/* -- the key file -- */

/* Within a transaction, so that nobody else moves the files or changes the key. */
static int
settle(bool *changed, struct db *db, const char *key_file, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	char *known, *found;

	*changed = false;
	if (settings_get(&known, a, db, "seal_public_key", e) != 0)
		return -1;
	if (*known == '\0')
		return 0;
	if (seal_find(&found, a, key_file, known, e) != 0)
		return -1;
	*changed = strcmp(found, key_file) != 0;
	return *changed ? seal_move(key_file, found, e) : 0;
}

int
secrets_settle(bool *changed, struct db *db, const char *key_file, struct err *e)
{
	CLEANUP_TXN struct sql_txn t = { NULL };

	return sql_begin(&t, db, e) != 0 ? -1 : settle(changed, db, key_file, e);
}

/* -- a new key -- */

struct keys {
	struct seal_key old, new;
};

static void
forget(struct keys *k)
{
	seal_forget(&k->old);
	seal_forget(&k->new);
}

/* 0 also when it does not open: then it is told, and stays. */
static int
reseal(struct secrets_rotation *r, const struct walk *w, struct arena *a, const struct keys *k,
    struct err *e)
{
	const struct secret *s = &w->at;
	struct err why;
	size_t size;
	void *sealed;
	char *text;
	int rc;

	if ((r->lost || seal_unlock(&text, a, &k->old, s->sealed, s->size, &why) != 0) &&
	    seal_open(&text, a, r->key_file, s->sealed, s->size, &why) != 0) {
		r->shut++;
		r->tell(r->arg, arena_printf(a, "%s: %s", s->owner,
		    r->lost ? "its key is lost" : why.text));
		return 0;
	}
	rc = seal_lock(&sealed, &size, a, k->new.public_hex, text, e);
	explicit_bzero(text, strlen(text));
	if (rc != 0 || sql_run(NULL, w->db, tables[w->table].put,
	        SQL_ARGS(sql_i(s->id), sql_b(sealed, size)), e) != 0)
		return -1;
	r->sealed++;
	return 0;
}

static int
reseal_all(struct secrets_rotation *r, struct sql_txn *t, const struct keys *k, struct err *e)
{
	struct walk w = { .db = t->db };
	int rc;

	do {
		CLEANUP_ARENA struct arena *a = arena_new();

		rc = walk_on(&w, a, e);
		if (rc == 1 && reseal(r, &w, a, k, e) != 0)
			return -1;
		FAULT("rotate.secret");
		if (FAULT_CONTROL("rotate.one_by_one") &&
		    (sql_commit(t, e) != 0 || sql_begin(t, w.db, e) != 0))
			return -1;
	} while (rc == 1);
	return rc;
}

/* The key that is there must be the right one, unless it is known to be lost. */
static int
take_old(struct secrets_rotation *r, struct db *db, struct keys *k, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct err why;
	bool changed;
	char *known;

	if (settings_get(&known, a, db, "seal_public_key", e) != 0)
		return -1;
	if (*known == '\0')
		return err_set(e, ERR_CONFLICT,
		    "the catalogue has no key yet; run: lazarette admin init");
	if (settle(&changed, db, r->key_file, &why) != 0) {
		if (r->lost && why.kind == ERR_CONFLICT)
			return 0;
		*e = why;
		return -1;
	}
	if (r->lost)
		return err_set(e, ERR_CONFLICT,
		    "the key is not lost: it is '%s'. Leave --lost away", r->key_file);
	return seal_load(&k->old, r->key_file, e);
}

int
secrets_rotate(struct secrets_rotation *r, struct db *db, struct err *e)
{
	CLEANUP(forget) struct keys k = { .old = { .secret = { 0 } } };
	CLEANUP_TXN struct sql_txn t = { NULL };
	bool changed;

	r->sealed = r->shut = 0;
	if (sql_begin(&t, db, e) != 0 || take_old(r, db, &k, e) != 0 ||
	    seal_make_next(&k.new, r->key_file, e) != 0 ||
	    reseal_all(r, &t, &k, e) != 0 ||
	    settings_set(db, "seal_public_key", k.new.public_hex, e) != 0)
		return -1;
	FAULT("rotate.before_commit");
	if (sql_commit(&t, e) != 0)
		return -1;
	FAULT("rotate.committed");
	/* From here on everybody finds the new key, also where it lies now. */
	if (secrets_settle(&changed, db, r->key_file, e) != 0)
		return err_in(e, "all secrets have a new key, but it is not in its place yet (the "
		    "worker puts it there when it starts)");
	return 0;
}

/* -- looking -- */

int
secrets_check(struct db *db, const char *key_file, secrets_tell *tell, void *arg, struct err *e)
{
	CLEANUP_SEAL struct seal_key key = { .secret = { 0 } };
	struct walk w = { .db = db };
	struct err why;
	bool there = seal_load(&key, key_file, &why) == 0;
	int rc;

	do {
		CLEANUP_ARENA struct arena *a = arena_new();
		char *text;

		rc = walk_on(&w, a, e);
		if (rc != 1)
			break;
		if ((there && seal_unlock(&text, a, &key, w.at.sealed, w.at.size, &why) == 0) ||
		    seal_open(&text, a, key_file, w.at.sealed, w.at.size, &why) == 0)
			explicit_bzero(text, strlen(text));
		else
			tell(arg, arena_printf(a, "%s: %s", w.at.owner, why.text));
	} while (rc == 1);
	return rc;
}
