/* elsewhere.c: a backup that cannot be read in one of its places is read in the next one. */
#include "worker/job/elsewhere.h"

#include <inttypes.h>

#include "lib/store/copies.h"
#include "lib/store/packs.h"
#include "worker/job/readback.h"

/* What a storage can be the reason of. */
static bool
may_be_storage(const struct err *e)
{
	return e->kind == ERR_DAMAGED || e->kind == ERR_NOT_FOUND || e->kind == ERR_BUSY ||
	    e->kind == ERR_DENIED || e->kind == ERR_INTERNAL;
}

int
elsewhere_mark(struct plan *p, const struct stored_object *pack, enum backup_health health,
    struct err *e)
{
	const struct copy_finding found = { .backup = p->backup.id, .storage = p->storage.id,
		.health = health };

	if (pack != NULL && packs_bad(p->db, p->storage.id, pack->key, health, e) != 0)
		return -1;
	return copies_found(p->db, &found, e);
}

/* The first object that is not what was stored, with the reason; 0: all are. */
static int
find_bad(const struct stored_object **pack, struct plan *p, struct err *e)
{
	const struct stored_object sidecar = { .key = p->backup.sidecar_key, .stored_bytes = -1,
		.stored_sha256 = p->backup.sidecar_sha256 };

	*pack = NULL;
	if (readback_as_it_lies(p, p->dest, &sidecar, e) != 0)
		return -1;
	for (size_t i = 0; i < p->part_count; i++) {
		const struct part *part = &p->parts[i];

		*pack = NULL;
		if (part->manifest.key[0] != '\0' &&
		    readback_as_it_lies(p, p->dest, &part->manifest, e) != 0)
			return err_in(e, "'%s'", part->manifest.key);
		for (size_t k = 0; k <= part->pack_count; k++) {
			*pack = k < part->pack_count ? &part->packs[k].object : &part->data;
			if (readback_as_it_lies(p, p->dest, *pack, e) != 0)
				return err_in(e, "'%s'", (*pack)->key);
		}
	}
	return 0;
}

/* Whether it is the storage's fault; then *why says what it is, and it is noted. A storage that is
 * away says nothing about the bytes in it. */
static bool
is_to_blame(struct plan *p, struct err *why)
{
	const struct stored_object *pack;
	enum backup_health health;
	struct err e;

	dest_closep(&p->dest);
	if (plan_storage(&p->dest, &p->storage, p, p->places[p->place].storage, why) != 0)
		return true;
	report_phase(p->report, "%s: looking at what lies there", p->storage.slug);
	if (find_bad(&pack, p, why) == 0)
		return false;
	if (why->kind != ERR_DAMAGED && why->kind != ERR_NOT_FOUND)
		return true;
	health = why->kind == ERR_NOT_FOUND ? HEALTH_MISSING : HEALTH_DAMAGED;
	if (elsewhere_mark(p, pack, health, &e) != 0)
		report_say(p->report, "err", "%s", e.text);
	return true;
}

bool
elsewhere_open(struct plan *p, struct err *e)
{
	const struct copy *bad;
	struct err why = *e;

	if (p->places == NULL || !may_be_storage(e) || !is_to_blame(p, &why))
		return false;
	bad = &p->places[p->place];
	report_say(p->report, "warn", "%s cannot be read: %s", bad->slug, why.text);
	plan_note_unread(p, bad, why.text);
	dest_closep(&p->dest);
	p->place++;
	if (plan_open_place(p, &why) == 0)
		return true;
	*e = why;
	return false;
}
