/* on_act.c: an act that no page can tell in words. */
int
on_act(struct reply *rp, struct request *rq, struct err *e)
{
	return trail_add(rq, &(struct event){ .action = "thing.unheard_of" }, e);
}
