/* do_verify.c: everything a backup stored is read again and compared with what was promised.
 *
 * Each object is decrypted and decoded; each file is hashed and compared with the manifest. When
 * nobody asked for it, a pack of an older backup that was read less than a day ago is not read
 * again: its bytes were compared then, and hashed were those of its files that the backup had which
 * was verified then.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/store/copies.h"
#include "lib/store/packs.h"
#include "lib/store/verifies.h"
#include "lib/store/wraps.h"
#include "worker/archive/chain_check.h"
#include "worker/dest/wrap.h"
#include "worker/job/act.h"
#include "worker/job/readback.h"
#include "worker/job/sidecar.h"
#include "worker/job/sign.h"

/* `files`: it is a pack whose files are hashed, too; NULL: it is not, or nobody knows them. */
static int
check_object(struct plan *p, const struct readback *what, struct chain_check *files, struct err *e)
{
	if ((files != NULL ? readback_pack(p, what, files, e) : readback_object(p, what, e)) == 0)
		return 0;
	if (e->kind != ERR_DENIED)
		return -1;
	report_say(p->report, "note", "%s; compared only as it lies", e->text);
	return readback_as_it_lies(p, p->dest, what->object, e);
}

static int
check_signature(struct plan *p, const char *key, struct err *e)
{
	if (*p->backup.signed_by == '\0' || !sign_wanted(p))
		return 0;
	if (strcmp(p->backup.signed_by, sign_key_id(p)) == 0)
		return sign_check_object(p, key, e);
	report_say(p->report, "note", "%s is signed by %s, which is no key of this instance;"
	    " compared by its hash", key, p->backup.signed_by);
	return 0;
}

/* A header for other keys beside it: one that is not there is no damage, for its own is; nor is one
 * that cannot be used, but it is named. */
static int
check_header(struct plan *p, const char *key, const char *recipients, struct err *e)
{
	enum wrap_found found;
	struct err why;

	if (!dest_encrypts(key) || wrap_covers(recipients, p->keys))
		return 0;
	if (wrap_look(&found, &why, p->dest, key, e) != 0)
		return -1;
	if (found == WRAP_BROKEN)
		report_say(p->report, "warn", "%s. The object itself is as it was stored;"
		    " lazarette admin keys rewrap makes its header anew", why.text);
	return 0;
}

/* Only what the bytes themselves say counts against a backup; a storage out of reach does not. */
static bool
tells_of_bytes(const struct err *e)
{
	return e->kind == ERR_DAMAGED || e->kind == ERR_NOT_FOUND;
}

/* A pack, of this backup or of an older one: what is found counts for all that have files in it. */
static int
check_pack(struct plan *p, const struct part *part, const struct stored_object *pack,
    struct chain_check *files, struct err *e)
{
	const struct readback data = { .object = pack, .label = part->service_slug,
		.counted = true };
	char *recipients;
	struct err why;

	if (check_object(p, &data, files, e) == 0)
		return packs_read(p->db, &(struct pack_place){ p->storage.id, 0, pack->key },
		    clock_now(), e) != 0 ||
		    wraps_recipients(&recipients, p->arena, p->db, pack->key, e) != 0
		    ? -1 : check_header(p, pack->key, recipients, e);
	if (tells_of_bytes(e) && packs_bad(p->db, p->storage.id, pack->key,
	        e->kind == ERR_NOT_FOUND ? HEALTH_MISSING : HEALTH_DAMAGED, &why) != 0) {
		*e = why;
		return -1;
	}
	return strstr(e->text, pack->key) != NULL ? -1 : err_in(e, "'%s'", pack->key);
}

static int
check_manifest(struct plan *p, const struct part *part, struct err *e)
{
	const struct readback manifest = { .object = &part->manifest, .label = part->service_slug,
		.counted = true };

	if (part->manifest.key[0] == '\0')
		return 0;
	if (check_object(p, &manifest, NULL, e) != 0)
		return err_in(e, "'%s'", part->manifest.key);
	if (check_header(p, part->manifest.key, p->backup.recipients, e) != 0)
		return -1;
	return check_signature(p, part->manifest.key, e);
}

/* What it has stored itself always is, and all of it when somebody asked: they want to know now. Of
 * a copy the storage remembers when, for the part's own note is of the first place. */
static bool
is_to_be_read(const struct plan *p, const struct part *part, const struct stored_object *pack)
{
	int64_t at = 0;
	struct err ignored;

	if (p->job.requested_by != 0 || backup_own_pack(part, pack->key) != 0)
		return true;
	for (size_t i = 0; i < part->pack_count; i++)
		if (&part->packs[i].object == pack)
			at = part->packs[i].read_at;
	if (p->storage.id != p->backup.storage &&
	    packs_read_at(&at, p->db, &(struct pack_place){ p->storage.id, 0, pack->key },
	        &ignored) != 0)
		return true;
	return at < clock_now() - PACKS_READ_LATELY_MS;
}

/* What was found so far, and why it could not go on. */
struct looking {
	struct plan *plan;
	enum backup_health health;
	struct err first, e;
};

/* One more finding: the first goes to the job's error, the worst to the backup's health. */
static void
note_fault(struct looking *k, const struct err *found)
{
	report_say(k->plan->report, "err", "%s", found->text);
	if (k->health == HEALTH_GOOD)
		k->first = *found;
	if (k->health != HEALTH_MISSING)
		k->health = found->kind == ERR_NOT_FOUND ? HEALTH_MISSING : HEALTH_DAMAGED;
}

/* One object more: rc and `found` are what reading it gave. -1: it is not the bytes' fault. */
static int
judge(struct looking *k, int rc, const struct err *found)
{
	if (rc == 0)
		return 0;
	if (!tells_of_bytes(found)) {
		k->e = *found;
		return -1;
	}
	note_fault(k, found);
	return 1;
}

/* What is bad so far and one finding more; -1 stays. */
static int
worse(int bad, int more)
{
	return bad < 0 || more < 0 ? -1 : bad | more;
}

/* Its packs, one after the other, without a look at the files in them. */
static int
look_at_packs(struct looking *k, const struct part *part)
{
	struct plan *p = k->plan;
	struct err found;
	int bad = judge(k, check_pack(p, part, &part->data, NULL, &found), &found);

	for (size_t i = 0; bad >= 0 && i < part->pack_count; i++) {
		const struct stored_object *pack = &part->packs[i].object;

		if (is_to_be_read(p, part, pack))
			bad = worse(bad,
			    judge(k, check_pack(p, part, pack, NULL, &found), &found));
	}
	return bad;
}

/* The same, with all files. */
static int
look_at_files(struct looking *k, const struct part *part)
{
	struct plan *p = k->plan;
	const struct export_part from = { .dest = p->dest, .data = &part->data,
		.manifest = &part->manifest, .chain = part };
	CLEANUP_CHAIN_CHECK struct chain_check *files = NULL;
	const struct stored_object *pack = NULL;
	struct err found;
	int bad = 0;

	if (chain_check_open(&files, &from, &found) != 0) {
		bad = found.kind == ERR_DENIED ? 0 : judge(k, -1, &found);
		return bad < 0 ? -1 : worse(bad, look_at_packs(k, part));
	}
	while (bad >= 0) {
		int more = judge(k, chain_check_next(&pack, files, &found), &found);

		if (more == 0 && pack == NULL)
			break;
		if (more == 0 && is_to_be_read(p, part, pack))
			more = judge(k, check_pack(p, part, pack, files, &found), &found);
		bad = worse(bad, more);
	}
	return bad;
}

static int
look_at_part(struct looking *k, const struct part *part)
{
	struct plan *p = k->plan;
	struct err found;
	int bad = judge(k, check_manifest(p, part, &found), &found);

	if (bad >= 0)
		bad = worse(bad, bad == 0 && part->manifest.key[0] != '\0'
		    ? look_at_files(k, part) : look_at_packs(k, part));
	if (bad != 0)
		return bad < 0 ? -1 : 0;
	report_say(p->report, "note", "%s: good", part->service_slug);
	return p->storage.id != p->backup.storage
	    ? 0 : verifies_part_read(p->db, &p->lease, part->id, &k->e);
}

/* Every object is read even after a fault: the log names all that is broken. */
static int
look_at_all(struct looking *k)
{
	struct plan *p = k->plan;
	struct err found;

	if (judge(k, sidecar_check(p, p->backup.sidecar_sha256, &found), &found) < 0 ||
	    judge(k, check_signature(p, p->backup.sidecar_key, &found), &found) < 0)
		return -1;
	for (size_t i = 0; i < p->part_count; i++)
		if (look_at_part(k, &p->parts[i]) != 0)
			return -1;
	return 0;
}

static int64_t
bytes_of(const struct plan *p, const struct part *part)
{
	int64_t sum = part->data.raw_bytes + part->manifest.raw_bytes;

	for (size_t i = 0; i < part->pack_count; i++)
		if (is_to_be_read(p, part, &part->packs[i].object))
			sum += part->packs[i].object.raw_bytes;
	return sum;
}

static int
work(struct plan *p, struct err *e)
{
	struct looking k = { .plan = p, .health = HEALTH_GOOD };
	int64_t total = 0, healing = 0;

	if (p->backup.state != BACKUP_READY)
		return err_set(e, ERR_CONFLICT,
		    "backup b%" PRId64 " is %s: there is nothing to verify", p->backup.id,
		    backup_state_name(p->backup.state));
	for (size_t i = 0; i < p->part_count; i++)
		total += bytes_of(p, &p->parts[i]);
	report_expect(p->report, total);
	if (look_at_all(&k) != 0) {
		*e = k.e;
		return err_in(e, "verify backup b%" PRId64, p->backup.id);
	}
	if (plan_still_ours(p, e) != 0 ||
	    copies_found(p->db, &(struct copy_finding){ p->backup.id, p->storage.id, k.health,
	        p->job.started_at }, e) != 0)
		return -1;
	if (k.health == HEALTH_GOOD)
		return 0;
	if (copies_heal(&healing, p->db, p->backup.id, clock_now(), e) != 0)
		return -1;
	if (healing > 0)
		report_say(p->report, "note", "another place of it is whole: what is bad in %s is"
		    " brought from there", p->storage.slug);
	*e = k.first;
	return -1;
}

const struct act do_verify = { .work = work };
