/* answer.c: one request from its first byte to its complete answer. */
#include "cgi/answer.h"

#include <inttypes.h>

#include "cgi/gate.h"
#include "cgi/http/reply.h"
#include "cgi/page/page.h"
#include "cgi/route.h"
#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/log.h"

/* The worker makes and migrates the catalogue; until then every request tries again. One that was
 * opened on a disk that could only be read is opened anew once that is mended. */
static int
need_catalogue(struct app *app, struct request *rq, struct err *e)
{
	struct err why;

	if (app->db != NULL && db_is_outlived(app->db) && !FAULT_CONTROL("web.outlived")) {
		db_close(app->db);
		app->db = NULL;
	}
	if (app->db == NULL && db_open(&app->db, app->conf->catalog, &why) != 0) {
		log_line(LOG_WARN, "catalogue.closed", "%s", why.text);
		return err_set(e, ERR_BUSY,
		    "The catalogue of this instance cannot be opened now. It is made and brought up"
		    " to date when the worker starts; the reason stands in the log of "
		    "lazarette-web.");
	}
	rq->db = app->db;
	return 0;
}

static void
run(struct reply *rp, struct request *rq, const struct route *rt, struct app *app)
{
	struct err why;
	bool answered = false;

	if (need_catalogue(app, rq, &why) != 0 && rt->guard != GUARD_OPEN)
		page_error(rp, rq, &why);
	else if (gate_pass(&answered, rp, rq, rt, &why) != 0 ||
	    (!answered && rt->run(rp, rq, &why) != 0))
		page_error(rp, rq, &why);
}

/* A page that no route stands behind still shows who is signed in. */
static void
refuse(struct reply *rp, struct request *rq, struct app *app, int status, const char *sentence)
{
	struct err why;

	if (need_catalogue(app, rq, &why) == 0)
		gate_know(rq);
	page_refuse(rp, rq, status, sentence);
}

static const struct route *
dispatch(struct reply *rp, struct request *rq, struct app *app)
{
	int status;
	const struct route *rt = route_find(&status, rq);

	if (rt != NULL) {
		run(rp, rq, rt, app);
	} else if (status == 405) {
		refuse(rp, rq, app, 405, "This address does not take that kind of request.");
		reply_header(rp, "Allow", "%s", route_methods(rq));
	} else {
		refuse(rp, rq, app, 404, "There is no page at this address.");
	}
	return rt;
}

void
answer_request(struct buf *out, void *context, const struct request_input *in)
{
	struct app *app = context;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_REPLY struct reply rp = REPLY_INIT;
	struct request rq = { .arena = arena, .conf = app->conf };
	const struct route *rt = NULL;
	int64_t began = clock_mono();
	struct err why;
	int status;

	if (request_read(&status, &rq, in, &why) == 0)
		rt = dispatch(&rp, &rq, app);
	else
		refuse(&rp, &rq, app, status, arena_dup(arena, why.text));
	reply_write(out, &rp, &rq);
	/* The pattern, not the path: paths of links hold a secret. */
	log_line(LOG_DEBUG, "request", "%s %s %d %zu bytes %" PRId64 " ms", rq.id,
	    rt != NULL ? rt->pattern : "-", rp.status, rp.body.n, clock_mono() - began);
}
