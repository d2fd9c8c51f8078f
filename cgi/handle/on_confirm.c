/* on_confirm.c: the public page where an address agrees to get notices. */
#include "cgi/handle/on_confirm.h"

#include <string.h>

#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/page.h"
#include "lib/base/num.h"
#include "lib/store/accounts.h"
#include "lib/store/channels.h"
#include "lib/util/hash.h"

static int
find(struct channel *ret, char hash[HASH_HEX_SIZE], const struct request *rq, struct err *e)
{
	hash_of(hash, rq->args[0], strlen(rq->args[0]));
	if (channels_by_token(ret, rq->arena, rq->db, hash, e) == 0)
		return 0;
	return e->kind == ERR_NOT_FOUND ? find_no_link(rq, e) : -1;
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
	                .environment = c.environment,
	                .target = c.name, .detail = c.target }, e) != 0))
		return -1;
	return reply_see_other(rp, "/confirm/%s", rq->args[0]);
}
