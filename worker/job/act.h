/* act.h: what each kind of job does. A kind is one do_<kind>.c and one constant of this type. */
#ifndef WORKER_JOB_ACT_H
#define WORKER_JOB_ACT_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/job/plan.h"

struct act {
	/* The work. May write to storages and downloads, never the end of the job. */
	int (*work)(struct plan *p, struct err *e);
	/* Write the good end, one transaction; called again while the catalogue is busy or full.
	 * NULL: nothing more than that it went well, with the warnings of the report. */
	int (*finish)(struct plan *p, struct err *e);
	/* Remove what the work left, after the job has ended badly. Nobody else can hold the job
	 * then. NULL: it leaves nothing that others do not remove. */
	int (*clear)(struct plan *p, struct err *e);
};

extern const struct act do_backup, do_download, do_check, do_verify;
extern const struct act do_preview, do_restore, do_undo, do_switch, do_tidy, do_test;
extern const struct act do_reconcile, do_prune, do_list, do_compare, do_copy, do_prove;
extern const struct act do_rewrap;

#endif
