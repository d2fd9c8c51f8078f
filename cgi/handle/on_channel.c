/* on_channel.c: the channels of the instance, a project or an environment: lists, log, test, on
 * and off. */
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

/* The channels of a project stand below "-", which no environment is called. */
static enum policy_level
level_of(const struct request *rq)
{
	const char *behind;

	if (strncmp(rq->path, "/p/", 3) != 0)
		return LEVEL_INSTANCE;
	behind = strchr(rq->path + 3, '/');
	return behind != NULL && strncmp(behind, "/-/", 3) == 0 ? LEVEL_PROJECT
	                                                        : LEVEL_ENVIRONMENT;
}

int
on_channel_place(struct channel_place *ret, const struct request *rq, struct err *e)
{
	enum policy_level level = level_of(rq);

	memset(ret, 0, sizeof *ret);
	if (policyplace_at(&ret->of, rq, level, e) != 0)
		return -1;
	ret->base = arena_printf(rq->arena, "%s/notifications", ret->of.base);
	ret->args = rq->args + (level == LEVEL_ENVIRONMENT ? 2 : level == LEVEL_PROJECT ? 1 : 0);
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
	return ret->project == at->of.project.id && ret->environment == at->of.environment.id
	    ? 0 : err_set(e, ERR_NOT_FOUND, "There is no such channel.");
}

int
on_channel_begin(struct page *p, const struct request *rq, const struct channel_place *at,
    const struct channel_page *f, struct err *e)
{
	enum policy_level level = at->of.at.level;
	const char *title = f->last != NULL ? f->last : "Notifications";
	const struct policyplace *of = &at->of;

	if (level == LEVEL_ENVIRONMENT) {
		if (envpage_begin(p, rq, &of->environment,
		        &(struct envpage){ f->template, title, "settings", f->last == NULL },
		        e) != 0)
			return -1;
	} else if (level == LEVEL_PROJECT) {
		page_begin(p, rq, f->template,
		    arena_printf(rq->arena, f->last != NULL ? "%s – %s" : "%s of %s", title,
		        of->project.name));
		page_crumb(p, "Projects", "/projects");
		page_crumb(p, of->project.slug, arena_printf(rq->arena, "/p/%s", of->project.slug));
	} else {
		page_begin(p, rq, f->template, title);
	}
	page_crumb(p, "Notifications", f->last != NULL ? at->base : NULL);
	if (f->last != NULL)
		page_crumb(p, f->last, NULL);
	node_set(p->root, "base", at->base);
	node_flag(p->root, "instance", level == LEVEL_INSTANCE);
	node_flag(p->root, "of_environment", level == LEVEL_ENVIRONMENT);
	return 0;
}

int
on_channel_note(const struct request *rq, const struct channel_place *at, const char *action,
    const struct channel *c, struct err *e)
{
	return trail_add(rq,
	    &(struct event){ .action = action,
	        .project = at->of.project.id,
	        .environment = at->of.environment.id,
	        .target = c->name,
	        .detail = arena_printf(rq->arena, "%s %s", notice_kind_title(c->kind), c->target) },
	    e);
}

/* The level's own, beside those from above; in the grid all that are told of what happens here. */
static int
add_channels(struct page *p, const struct request *rq, const struct channel_place *at,
    struct err *e)
{
	struct channel_above *above;
	struct channel *own;
	struct channel_heard *heard;
	struct channel_off *off;
	size_t count, above_count, off_count, n = 0;

	if (channels_list(&own, &count, rq->arena, rq->db, &at->of.at, e) != 0 ||
	    channels_above(&above, &above_count, rq->arena, rq->db, &at->of.at, e) != 0 ||
	    channels_off_below(&off, &off_count, rq->arena, rq->db, &at->of.at, 0, e) != 0)
		return -1;
	heard = arena_array(rq->arena, count + above_count + 1, sizeof *heard);
	for (size_t i = 0; i < count; i++) {
		struct node *row = node_add(p->root, "channels");

		show_channel_row(row, &own[i], at->base);
		show_channel_off(row, &own[i], off, off_count, rq->now);
		heard[n++] = (struct channel_heard){ &own[i], NULL };
	}
	for (size_t i = 0; i < above_count; i++) {
		const struct channel_above_view v = { &above[i], at->base,
			policyplace_origin(&at->of, above[i].from, rq),
			policyplace_origin(&at->of, above[i].said, rq) };

		if (show_channel_above(node_add(p->root, "above"), &v))
			heard[n++] = (struct channel_heard){ &above[i].channel, v.origin };
	}
	show_channel_grid(p, heard, n, at->of.at.level == LEVEL_INSTANCE);
	return 0;
}

int
on_channel_list(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct notice_filter filter = { .channel = 0 };
	struct channel_place at;
	struct notice_row *rows;
	size_t row_count;

	if (on_channel_place(&at, rq, e) != 0)
		return -1;
	filter.at = at.of.at;
	if (!num_parse(&filter.after, request_query(rq, "after"), 1, INT64_MAX))
		filter.after = 0;
	if (notices_list(&rows, &row_count, rq->arena, rq->db, &filter, e) != 0 ||
	    on_channel_begin(&p, rq, &at, &(struct channel_page){ "channels.cs", NULL }, e) != 0 ||
	    (at.of.at.level != LEVEL_ENVIRONMENT && envpage_worker(&p, rq, e) != 0) ||
	    add_channels(&p, rq, &at, e) != 0)
		return -1;
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
	struct notice n = { .event = NOTICE_TEST, .at = rq->now,
		.environment = at->of.environment.id != 0 ? at->of.environment.slug : "",
		.project = at->of.project.id != 0 ? at->of.project.slug : "", .backup = "",
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

	if (on_channel_begin(&p, rq, at,
	        &(struct channel_page){ "channel_remove.cs",
	            arena_printf(rq->arena, "Remove %s", c->name) }, e) != 0)
		return -1;
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

int
on_channel_say(struct reply *rp, struct request *rq, struct err *e)
{
	static const struct {
		const char *word, *action;
		enum channel_say say;
	} words[] = {
		{ "told", "channel.told_here", CHANNEL_TOLD },
		{ "not-here", "channel.not_here", CHANNEL_NOT_HERE },
		{ "inherit", "channel.as_inherited", CHANNEL_UNSAID },
	};
	const char *typed = request_field(rq, "say");
	struct channel_saying what = { .by = rq->session != NULL ? rq->session->account.id : 0 };
	struct channel_place at;
	struct channel c;
	bool changed;
	size_t i = 0;

	while (i < sizeof words / sizeof *words && strcmp(typed, words[i].word) != 0)
		i++;
	if (i == sizeof words / sizeof *words)
		return err_set(e, ERR_INPUT, "Say whether the channel is told here.");
	what.say = words[i].say;
	if (on_channel_place(&at, rq, e) != 0)
		return -1;
	if (!num_parse(&what.channel, at.args[0], 1, INT64_MAX))
		return err_set(e, ERR_NOT_FOUND, "There is no such channel.");
	if (channels_by_id(&c, rq->arena, rq->db, what.channel, e) != 0 ||
	    channels_say(&changed, rq->db, &at.of.at, &what, e) != 0 ||
	    (changed && on_channel_note(rq, &at, words[i].action, &c, e) != 0))
		return -1;
	return reply_see_other(rp, "%s?said=saved", at.base);
}

int
on_channel_here(struct reply *rp, struct request *rq, struct err *e)
{
	struct channel_place at;

	if (on_channel_place(&at, rq, e) != 0)
		return -1;
	return reply_see_other(rp, "%s", at.base);
}
