/* carry.h: what a backup of files carries over from the last one of its service.
 *
 * The last good backup is held: its packs stay while this one is made. Its ledger is a file of this
 * machine, <run>/ledgers/service-<id>. Where anything of that is not as it must be, everything is
 * stored anew, and the log says why.
 */
#ifndef WORKER_JOB_CARRY_H
#define WORKER_JOB_CARRY_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "worker/archive/ledger.h"
#include "worker/archive/pack.h"
#include "worker/archive/reuse.h"
#include "worker/job/plan.h"

struct carry {
	struct part base;             /* id 0: there is none */
	char ledger[4096];
	struct reuse_spec spec;
	struct reuse *reuse;          /* NULL: everything is stored */
	struct ledger_writer *made;   /* NULL: there is no room for one */
};
/* Needs the plan's scratch folder. */
MUST_USE int carry_open(struct carry *ret, const struct part *part, struct plan *p, struct err *e);
void carry_close(struct carry *c);
#define CLEANUP_CARRY CLEANUP(carry_close)

/* The storage must refuse readers that know nothing of such parts before it has the first one. It
 * is one when it builds on another, or has `several` packs of its own. */
MUST_USE int carry_announce(const struct carry *c, bool several, struct plan *p, struct err *e);
/* After pack_write(), when the part knows its objects: which packs it needs, and the ledger for the
 * next one. */
void carry_done(struct carry *c, struct part *part, const struct pack_totals *totals,
    struct plan *p);

#endif
