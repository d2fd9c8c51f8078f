/* do_list.c: the manifests of a backup become lists that pages can read. */
#include <inttypes.h>

#include "worker/job/act.h"
#include "worker/job/lists.h"

static int
work(struct plan *p, struct err *e)
{
	if (p->backup.state != BACKUP_READY)
		return err_set(e, ERR_CONFLICT,
		    "backup b%" PRId64 " is %s: there is nothing to look into", p->backup.id,
		    backup_state_name(p->backup.state));
	report_expect(p->report, lists_bytes(p));
	return lists_make(p, e);
}

/* The sweep removes what a killed one left. */
const struct act do_list = { .work = work };
