/* carry.c: what a backup of files carries over from the last one of its service. */
#include "worker/job/carry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "lib/store/packs.h"
#include "lib/store/settings.h"

static int
find_folder(struct carry *c, const struct part *part, struct plan *p, struct err *e)
{
	char folder[sizeof c->ledger];
	int n = snprintf(folder, sizeof folder, "%s/ledgers", p->conf->run);

	if (n < 0 || n + NUM_TEXT >= (int)sizeof folder)
		return err_set(e, ERR_INPUT, "the path of the run folder is too long");
	if (fd_make_path(folder, e) != 0)
		return -1;
	snprintf(c->ledger, sizeof c->ledger, "%s/ledgers/service-%" PRId64, p->conf->run,
	    part->service);
	return 0;
}

static void
say_all(struct plan *p, const struct part *part, const struct err *why)
{
	report_say(p->report, "note", "%s: everything is stored anew: %s", part->service_slug,
	    why->text);
}

/* A ledger saves time; a backup is as good without. */
static void
begin_ledger(struct carry *c, const struct part *part, struct plan *p)
{
	struct err why;

	if (find_folder(c, part, p, &why) != 0 || ledger_write_new(&c->made, c->ledger, &why) != 0)
		report_say(p->report, "note",
		    "%s: the next backup will take longer to begin: %s", part->service_slug,
		    why.text);
}

int
carry_open(struct carry *c, const struct part *part, struct plan *p, struct err *e)
{
	struct err why;

	*c = (struct carry){ .reuse = NULL };
	if (packs_hold_base(&c->base, p->arena, p->db, &p->lease, part, e) != 0)
		return -1;
	c->spec = (struct reuse_spec){ .dest = p->dest, .base = &c->base, .ledger = c->ledger,
		.scratch = p->scratch, .pack_size = p->conf->pack_size };
	if (c->base.id != 0 && (find_folder(c, part, p, &why) != 0 ||
	                           reuse_open(&c->reuse, &c->spec, &why) != 0))
		say_all(p, part, &why);
	begin_ledger(c, part, p);
	return 0;
}

void
carry_close(struct carry *c)
{
	reuse_closep(&c->reuse);
	ledger_write_freep(&c->made);
}

int
carry_announce(const struct carry *c, bool several, struct plan *p, struct err *e)
{
	char *instance;

	if (c->reuse == NULL && !several)
		return 0;
	if (settings_get(&instance, p->arena, p->db, "instance_id", e) != 0)
		return -1;
	return dest_claim_raise(p->dest, instance, e);
}

void
carry_done(struct carry *c, struct part *part, const struct pack_totals *totals, struct plan *p)
{
	struct err why;

	part->whole_bytes = totals->whole_bytes;
	part->packs = NULL;
	part->pack_count = 0;
	if (c->reuse != NULL)
		reuse_packs(&part->packs, &part->pack_count, c->reuse, p->arena);
	if (c->made != NULL &&
	    ledger_write_finish(c->made, part->manifest.stored_sha256, &why) != 0)
		report_say(p->report, "note",
		    "%s: the next backup will take longer to begin: %s", part->service_slug,
		    why.text);
}
