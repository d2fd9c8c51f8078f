/* do_verify.c: everything a backup stored is read again and compared with what was promised. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store/backups.h"
#include "lib/store/verifies.h"
#include "worker/job/act.h"
#include "worker/job/readback.h"
#include "worker/job/sidecar.h"
#include "worker/job/sign.h"

enum { STEP = 256 << 10 };

static void
free_buffer(unsigned char **p)
{
	free(*p);
}

/* Without its key only what lies there can be compared, and that it is what was stored. */
static int
check_as_it_lies(struct plan *p, const struct stored_object *o, struct err *e)
{
	const struct watch *watch = report_watch(p->report);
	CLEANUP(free_buffer) unsigned char *buffer = xmalloc(STEP);
	CLEANUP_HASH struct hash *hash = hash_new();
	CLEANUP_OBJECT struct object *opened = NULL;
	char sha256[HASH_HEX_SIZE];
	int64_t bytes, at = 0;
	ssize_t n;

	if (object_open_as_is(&opened, &bytes, p->dest, o->key, e) != 0)
		return -1;
	while ((n = object_read(opened, at, buffer, STEP, e)) > 0) {
		hash_add(hash, buffer, (size_t)n);
		at += n;
		watch->bytes(watch->arg, n);
	}
	hash_hex(hash, sha256);
	if (n < 0)
		return -1;
	return strcmp(sha256, o->stored_sha256) == 0 ? 0 : err_set(e, ERR_DAMAGED,
	    "the stored copy differs: its SHA-256 is %s, it should be %s", sha256,
	    o->stored_sha256);
}

static int
check_object(struct plan *p, const struct readback *what, struct err *e)
{
	if (readback_object(p, what, e) == 0)
		return 0;
	if (e->kind != ERR_DENIED)
		return -1;
	report_say(p->report, "note", "%s; compared only as it lies", e->text);
	return check_as_it_lies(p, what->object, e);
}

static int
check_signature(struct plan *p, const char *key, struct err *e)
{
	return *p->backup.signed_by == '\0' || !sign_wanted(p) ? 0 : sign_check_object(p, key, e);
}

static int
check_part(struct plan *p, const struct part *part, struct err *e)
{
	const struct readback data = { .object = &part->data, .label = part->service_slug,
		.counted = true };
	const struct readback manifest = { .object = &part->manifest, .label = part->service_slug,
		.counted = true };

	if (check_object(p, &data, e) != 0)
		return err_in(e, "'%s'", part->data.key);
	if (part->manifest.key[0] == '\0')
		return 0;
	if (check_object(p, &manifest, e) != 0)
		return err_in(e, "'%s'", part->manifest.key);
	return check_signature(p, part->manifest.key, e);
}

/* Only what the bytes themselves say counts against a backup; a storage out of reach does not. */
static bool
tells_of_bytes(const struct err *e)
{
	return e->kind == ERR_DAMAGED || e->kind == ERR_NOT_FOUND;
}

/* One more finding: the first goes to the job's error, the worst to the backup's health. */
static void
note_fault(struct plan *p, enum backup_health *health, struct err *first, const struct err *found)
{
	report_say(p->report, "err", "%s", found->text);
	if (*health == HEALTH_GOOD)
		*first = *found;
	if (*health != HEALTH_MISSING)
		*health = found->kind == ERR_NOT_FOUND ? HEALTH_MISSING : HEALTH_DAMAGED;
}

/* Every object is read even after a fault: the log names all that is broken. */
static int
look_at_all(enum backup_health *health, struct plan *p, struct err *first, struct err *e)
{
	struct err found;

	if (sidecar_check(p, p->backup.sidecar_sha256, &found) != 0 ||
	    check_signature(p, p->backup.sidecar_key, &found) != 0) {
		if (!tells_of_bytes(&found)) {
			*e = found;
			return -1;
		}
		note_fault(p, health, first, &found);
	}
	for (size_t i = 0; i < p->part_count; i++) {
		if (check_part(p, &p->parts[i], &found) == 0) {
			report_say(p->report, "note", "%s: good", p->parts[i].service_slug);
			if (verifies_part_read(p->db, &p->lease, p->parts[i].id, e) != 0)
				return -1;
			continue;
		}
		if (!tells_of_bytes(&found)) {
			*e = found;
			return -1;
		}
		note_fault(p, health, first, &found);
	}
	return 0;
}

static int
work(struct plan *p, struct err *e)
{
	enum backup_health health = HEALTH_GOOD;
	struct err first;
	int64_t total = 0;

	if (p->backup.state != BACKUP_READY)
		return err_set(e, ERR_CONFLICT,
		    "backup b%" PRId64 " is %s: there is nothing to verify", p->backup.id,
		    backup_state_name(p->backup.state));
	for (size_t i = 0; i < p->part_count; i++)
		total += p->parts[i].data.raw_bytes + p->parts[i].manifest.raw_bytes;
	report_expect(p->report, total);
	if (look_at_all(&health, p, &first, e) != 0)
		return err_in(e, "verify backup b%" PRId64, p->backup.id);
	if (plan_still_ours(p, e) != 0 || backups_set_health(p->db, p->backup.id, health, e) != 0)
		return -1;
	if (health == HEALTH_GOOD)
		return 0;
	*e = first;
	return -1;
}

static int
finish(struct plan *p, struct err *e)
{
	return jobs_succeed(p->db, &p->lease, report_warnings(p->report), e);
}

static int
clear(struct plan *p UNUSED, struct err *e UNUSED)
{
	return 0;
}

const struct act do_verify = { work, finish, clear };
