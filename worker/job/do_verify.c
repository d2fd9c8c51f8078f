/* do_verify.c: everything a backup stored is read again and compared with what was promised. */
#include <inttypes.h>
#include <stdbool.h>

#include "lib/store/backups.h"
#include "lib/store/verifies.h"
#include "worker/job/act.h"
#include "worker/job/readback.h"
#include "worker/job/sidecar.h"

static int
check_part(struct plan *p, const struct part *part, struct err *e)
{
	const struct readback data = { .object = &part->data, .label = part->service_slug,
		.counted = true };
	const struct readback manifest = { .object = &part->manifest, .label = part->service_slug,
		.counted = true };

	if (readback_object(p, &data, e) != 0)
		return err_in(e, "'%s'", part->data.key);
	if (part->manifest.key[0] != '\0' && readback_object(p, &manifest, e) != 0)
		return err_in(e, "'%s'", part->manifest.key);
	return 0;
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

	if (sidecar_check(p, p->backup.sidecar_sha256, &found) != 0) {
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
