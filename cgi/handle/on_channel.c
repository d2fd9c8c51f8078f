/* on_channel.c: the channels of the instance or of a project: lists, log, test, on and off. */
#include "cgi/handle/on_channel.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/show_channel.h"
#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "lib/store/notices.h"

int
on_channel_place(struct channel_place *ret, const struct request *rq, struct err *e)
{
	memset(ret, 0, sizeof *ret);
	if (strncmp(rq->path, "/p/", 3) != 0) {
		ret->base = "/notifications";
		ret->args = rq->args;
		return 0;
	}
	if (find_project(&ret->project, rq, e) != 0)
		return -1;
	ret->base = arena_printf(rq->arena, "/p/%s/-/notifications", ret->project.slug);
	ret->args = rq->args + 1;
	return 0;
}

int
on_channel_find(struct channel *ret, const struct request *rq, const struct channel_place *at,
    struct err *e)
{
	int64_t id;

	if (!num_parse(&id, at->args[0], 1, INT64_MAX))
		return err_set(e, ERR_NOT_FOUND, "There is no such channel.");
	if (channels_by_id(ret, rq->arena, rq->db, id, e) != 0)
		return -1;
	return ret->project == at->project.id
	    ? 0 : err_set(e, ERR_NOT_FOUND, "There is no such channel.");
}

void
on_channel_begin(struct page *p, const struct request *rq, const struct channel_place *at,
    const char *template, const char *last)
{
	const char *title = last != NULL ? last : "Notifications";

	if (at->project.id != 0)
		title = arena_printf(rq->arena, last != NULL ? "%s – %s" : "%s of %s", title,
		    at->project.name);
	page_begin(p, rq, template, title);
	if (at->project.id != 0) {
		page_crumb(p, "Projects", "/projects");
		page_crumb(p, at->project.slug, arena_printf(rq->arena, "/p/%s", at->project.slug));
	}
	page_crumb(p, "Notifications", last != NULL ? at->base : NULL);
	if (last != NULL)
		page_crumb(p, last, NULL);
	node_set(p->root, "base", at->base);
	node_flag(p->root, "instance", at->project.id == 0);
}

int
on_channel_note(const struct request *rq, const struct channel_place *at, const char *action,
    const struct channel *c, struct err *e)
{
	return trail_add(rq,
	    &(struct event){ .action = action,
	        .project = at->project.id,
	        .target = c->name,
	        .detail = arena_printf(rq->arena, "%s %s", notice_kind_title(c->kind), c->target) },
	    e);
}

int
on_channel_list(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct notice_filter filter = { .project = 0 };
	struct channel_place at;
	struct channel *list;
	struct notice_row *rows;
	size_t count, row_count;

	if (on_channel_place(&at, rq, e) != 0 ||
	    channels_list(&list, &count, rq->arena, rq->db, at.project.id, e) != 0)
		return -1;
	filter.project = at.project.id;
	if (!num_parse(&filter.after, request_query(rq, "after"), 1, INT64_MAX))
		filter.after = 0;
	if (notices_list(&rows, &row_count, rq->arena, rq->db, &filter, e) != 0)
		return -1;
	on_channel_begin(&p, rq, &at, "channels.cs", NULL);
	if (envpage_worker(&p, rq, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		show_channel_row(node_add(p.root, "channels"), &list[i], at.base);
	show_channel_grid(&p, list, count, at.project.id == 0);
	show_channel_log(&p, rows, row_count, at.base, rq->now);
	if (filter.after > 0)
		node_set(p.root, "pager.newer", at.base);
	if (row_count == 50)
		node_setf(p.root, "pager.older", "%s?after=%" PRId64, at.base,
		    rows[row_count - 1].id);
	return page_send(rp, rq, &p, e);
}

/* -- acts -- */

static int
to_channel(struct reply *rp, const struct channel_place *at, const struct channel *c,
    const char *said)
{
	return reply_see_other(rp, "%s/%" PRId64 "?said=%s", at->base, c->id, said);
}

/* The same form sent twice is one test. */
static int
queue_test(const struct request *rq, const struct channel_place *at, const struct channel *c,
    struct err *e)
{
	struct notice n = { .event = NOTICE_TEST, .at = rq->now, .environment = "",
		.project = at->project.id != 0 ? at->project.slug : "", .backup = "",
		.backup_uuid = "", .job = "", .closes = "",
		.title = arena_printf(rq->arena, "Test of the channel %s", c->name),
		.text = arena_printf(rq->arena, "%s asked for it. If you can read it, notices of "
		    "Lazarette reach you.", rq->session->account.email),
		.url = arena_printf(rq->arena, "%s%s", rq->conf->public_url, at->base) };
	const char *key = find_key(rq);
	char token[TOKEN_SIZE];

	rand_token(token);
	return notices_add(rq->db,
	    &(struct notice_row){ .channel = c->id, .event = NOTICE_TEST,
	        .body = notice_json(rq->arena, &n), .next_at = rq->now,
	        .source = arena_printf(rq->arena, "test:%s", key != NULL ? key : token) }, e);
}

int
on_channel_test(struct reply *rp, struct request *rq, struct err *e)
{
	struct channel_place at;
	struct channel c;

	if (on_channel_place(&at, rq, e) != 0 || on_channel_find(&c, rq, &at, e) != 0)
		return -1;
	if (!c.enabled)
		return err_set(e, ERR_CONFLICT, "This channel is off: turn it on first.");
	if (c.kind == CHANNEL_MAIL && c.confirmed_at == 0)
		return err_set(e, ERR_CONFLICT,
		    "%s has not agreed yet: nothing is sent to it before.", c.target);
	if (queue_test(rq, &at, &c, e) != 0 ||
	    on_channel_note(rq, &at, "channel.tested", &c, e) != 0)
		return -1;
	return to_channel(rp, &at, &c, "tested");
}

static int
turn(struct reply *rp, const struct request *rq, bool on, struct err *e)
{
	struct channel_place at;
	struct channel c;

	if (on_channel_place(&at, rq, e) != 0 || on_channel_find(&c, rq, &at, e) != 0)
		return -1;
	if (c.enabled != on &&
	    (channels_enable(rq->db, c.id, on, e) != 0 ||
	        on_channel_note(rq, &at, on ? "channel.on" : "channel.off", &c, e) != 0))
		return -1;
	return to_channel(rp, &at, &c, "saved");
}

int
on_channel_on(struct reply *rp, struct request *rq, struct err *e)
{
	return turn(rp, rq, true, e);
}

int
on_channel_off(struct reply *rp, struct request *rq, struct err *e)
{
	return turn(rp, rq, false, e);
}

int
on_channel_ask(struct reply *rp, struct request *rq, struct err *e)
{
	struct channel_place at;
	struct channel c;
	bool asked;

	if (on_channel_place(&at, rq, e) != 0 || on_channel_find(&c, rq, &at, e) != 0 ||
	    channels_ask_again(&asked, rq->db, c.id, e) != 0 ||
	    (asked && on_channel_note(rq, &at, "channel.asked", &c, e) != 0))
		return -1;
	return to_channel(rp, &at, &c, asked ? "asked" : "asked-lately");
}

static int
send_question(struct reply *rp, const struct request *rq, const struct channel_place *at,
    const struct channel *c, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	on_channel_begin(&p, rq, at, "channel_remove.cs",
	    arena_printf(rq->arena, "Remove %s", c->name));
	show_channel_row(node_at(p.root, "channel"), c, at->base);
	return page_send(rp, rq, &p, e);
}

int
on_channel_remove(struct reply *rp, struct request *rq, struct err *e)
{
	struct channel_place at;
	struct channel c;

	if (on_channel_place(&at, rq, e) != 0 || on_channel_find(&c, rq, &at, e) != 0)
		return -1;
	if (rq->method != METHOD_POST)
		return send_question(rp, rq, &at, &c, e);
	if (channels_remove(rq->db, c.id, e) != 0 ||
	    on_channel_note(rq, &at, "channel.removed", &c, e) != 0)
		return -1;
	return reply_see_other(rp, "%s?said=removed", at.base);
}

int
on_channel_again(struct reply *rp, struct request *rq, struct err *e)
{
	struct channel_place at;
	struct notice_row row;
	struct channel c;
	int64_t id;

	if (on_channel_place(&at, rq, e) != 0 || on_channel_find(&c, rq, &at, e) != 0)
		return -1;
	if (!num_parse(&id, at.args[1], 1, INT64_MAX))
		return err_set(e, ERR_NOT_FOUND, "There is no such notice.");
	if (notices_by_id(&row, rq->arena, rq->db, id, e) != 0)
		return -1;
	if (row.channel != c.id)
		return err_set(e, ERR_NOT_FOUND, "There is no such notice.");
	if (notices_again(rq->db, id, e) != 0 ||
	    on_channel_note(rq, &at, "channel.sent_again", &c, e) != 0)
		return -1;
	return to_channel(rp, &at, &c, "again");
}
