/* on_help.c: the help pages, for everybody. */
#include "cgi/handle/on_help.h"

#include "cgi/page/show_help.h"

int
on_help(struct reply *rp, struct request *rq, struct err *e)
{
	return show_help(rp, rq, NULL, e);
}

int
on_help_topic(struct reply *rp, struct request *rq, struct err *e)
{
	return show_help(rp, rq, rq->args[0], e);
}
