/* on_health.c: does the process answer? */
#include "cgi/handle/on_health.h"

int
on_health(struct reply *rp, struct request *rq, struct err *e)
{
	(void)rq;
	(void)e;
	return reply_text(rp, "ok\n", 3);
}
