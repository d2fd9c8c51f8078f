/* on_confirm.c: the public page where an address agrees to get notices. */
#include "cgi/handle/on_confirm.h"

#include <string.h>

#include "cgi/handle/trail.h"
#include "cgi/page/page.h"
#include "lib/base/num.h"
#include "lib/store/accounts.h"
#include "lib/store/channels.h"
#include "lib/util/hash.h"

/* As with download links: who tries many unknown ones has to wait. */
static int
unknown(const struct request *rq, struct err *e)
{
	const char *name = arena_printf(rq->arena, "link:%s", rq->address);
	char text[NUM_TEXT];
	int64_t wait;

	if (throttle_wait(&wait, rq->db, name, e) != 0)
		return -1;
	if (wait > 0) {
		num_duration(text, wait);
		return err_set(e, ERR_TOO_MANY,
		    "Too many unknown links were tried from here. Wait %s.", text);
	}
	if (throttle_failed(rq->db, name, e) != 0)
		return -1;
	return err_set(e, ERR_NOT_FOUND,
	    "There is no such link, or it is older than seven days.");
}

static int
find(struct channel *ret, char hash[HASH_HEX_SIZE], const struct request *rq, struct err *e)
{
	hash_of(hash, rq->args[0], strlen(rq->args[0]));
	if (channels_by_token(ret, rq->arena, rq->db, hash, e) == 0)
		return 0;
	return e->kind == ERR_NOT_FOUND ? unknown(rq, e) : -1;
}

static int
send(struct reply *rp, const struct request *rq, const struct channel *c, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	page_begin(&p, rq, "confirm.cs", "Notices by mail");
	node_set(p.root, "address", c->target);
	node_set(p.root, "channel", c->name);
	node_setf(p.root, "action", "/confirm/%s", rq->args[0]);
	node_flag(p.root, "done", c->confirmed_at > 0);
	return page_send(rp, rq, &p, e);
}

int
on_confirm_page(struct reply *rp, struct request *rq, struct err *e)
{
	char hash[HASH_HEX_SIZE];
	struct channel c;

	if (find(&c, hash, rq, e) != 0)
		return -1;
	return send(rp, rq, &c, e);
}

int
on_confirm(struct reply *rp, struct request *rq, struct err *e)
{
	char hash[HASH_HEX_SIZE];
	struct channel c;

	if (find(&c, hash, rq, e) != 0)
		return -1;
	if (c.confirmed_at == 0 &&
	    (channels_confirm(rq->db, hash, e) != 0 ||
	        trail_add(rq,
	            &(struct event){ .action = "channel.confirmed", .project = c.project,
	                .target = c.name, .detail = c.target }, e) != 0))
		return -1;
	return reply_see_other(rp, "/confirm/%s", rq->args[0]);
}
