/* trail.c: every write leaves a line in the audit trail. */
#include "cgi/handle/trail.h"

struct event
trail_of(const struct request *rq, const struct event *what)
{
	struct event ev = *what;

	ev.at = rq->now;
	ev.account = rq->session != NULL ? rq->session->account.id : 0;
	ev.actor = rq->session != NULL ? rq->session->account.email : "somebody with the link";
	ev.address = rq->address;
	if (ev.target == NULL)
		ev.target = "";
	if (ev.detail == NULL)
		ev.detail = "";
	return ev;
}

int
trail_add(const struct request *rq, const struct event *what, struct err *e)
{
	struct event ev = trail_of(rq, what);

	if (events_add(rq->db, &ev, e) != 0)
		return err_in(e, "note '%s' in the audit trail", what->action);
	return 0;
}
