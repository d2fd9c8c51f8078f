/* ask.h: call a handler as the dispatcher does, over the catalogue of fixture.h. */
#ifndef TESTS_UNIT_ASK_H
#define TESTS_UNIT_ASK_H

#include "tests/unit/fixture.h"

#include "cgi/page/page.h"
#include "cgi/route.h"

enum { ASK_PARAMS = 16 };

struct ask {
	handler *run;
	const char *args[REQUEST_ARGS];              /* what stands in the braces of the route */
	struct param form[ASK_PARAMS], query[ASK_PARAMS];
	bool post;                                   /* also when the form is empty */
	const char *none_match, *authorization, *address;
	bool forwarded;
	bool guest;                                  /* nobody is signed in */
	bool operator;                               /* instead of the administrator */
	bool fresh;                                  /* who has signed in just now */
	const char *cookie;                          /* of the session */
	const char *path;                            /* where the handler looks at it */
};

UNUSED static struct conf ask_conf = {
	.templates = "templates",
	.public_url = "http://shop.test",
	.metrics_token = "",
	.download_valid_ms = 24 * 3600 * 1000,
	.download_uses = 5,
	.trash_ms = 7LL * 24 * 3600 * 1000,
};

static size_t
ask_count(const struct param *params)
{
	size_t n = 0;

	while (n < ASK_PARAMS && params[n].name != NULL)
		n++;
	return n;
}

/* Fills rp and gives its status; a failure becomes its error page. */
UNUSED static int
ask(struct reply *rp, struct fixture *f, struct ask q)
{
	struct session session = { .account = { .id = f->admin,
		                       .email = "admin@example.org",
		                       .name = "Admin",
		                       .role = ROLE_ADMIN },
		.csrf = "csrf-token" };
	size_t fields = ask_count(q.form);
	struct param cookie = { "lazarette", q.cookie };
	struct request rq = {
		.arena = f->a,
		.db = f->db,
		.conf = &ask_conf,
		.path = q.path != NULL ? q.path : "/p/shop/live/backups",
		.address = q.address != NULL ? q.address : "192.0.2.7",
		.authorization = q.authorization != NULL ? q.authorization : "",
		.forwarded = q.forwarded,
		.method = q.post || fields > 0 ? METHOD_POST : METHOD_GET,
		.id = "0123456789abcdef",
		.form = { q.form, fields },
		.query = { q.query, ask_count(q.query) },
		.csrf = "csrf-token",
		.cookies = { &cookie, q.cookie != NULL },
		.none_match = q.none_match != NULL ? q.none_match : "",
		.now = clock_now(),
		.session = q.guest ? NULL : &session,
		.origin = "",
		.fetch_site = "",
		.return_path = "/",
	};
	struct err e;

	if (q.operator)
		session.account.role = ROLE_OPERATOR;
	if (q.fresh)
		session.auth_at = rq.now;
	*rp = (struct reply)REPLY_INIT;
	memcpy(rq.args, q.args, sizeof rq.args);
	if (q.run(rp, &rq, &e) != 0)
		page_error(rp, &rq, &e);
	return rp->status;
}

#define ASK(want, rp, ...) do { \
	int status_ = ask(rp, f, (struct ask){ __VA_ARGS__ }); \
	if (status_ != (want)) \
		fail_msg("status %d, not %d: %s", status_, (want), (rp)->body.p); \
} while (0)
#define SAYS(rp, words) do { \
	if (strstr((rp)->body.p, (words)) == NULL) \
		fail_msg("the page lacks '%s': %s", (words), (rp)->body.p); \
} while (0)
#define SAYS_NOT(rp, words) do { \
	if (strstr((rp)->body.p, (words)) != NULL) \
		fail_msg("the page has '%s': %s", (words), (rp)->body.p); \
} while (0)
#define HEADER(rp, text) do { \
	if (strstr((rp)->headers.p, (text)) == NULL) \
		fail_msg("no '%s' among the headers: %s", (text), (rp)->headers.p); \
} while (0)

/* What stands in the hidden field `list` of a page: which backups were seen to go. */
UNUSED static const char *
seen_list(struct fixture *f, const struct reply *rp)
{
	static const char mark[] = "name=\"list\" value=\"";
	const char *at = strstr(rp->body.p, mark);

	assert_non_null(at);
	at += sizeof mark - 1;
	return arena_dupn(f->a, at, strcspn(at, "\""));
}

/* A test with the ids of the rows it covers in its printed name. */
#define ROW_TEST(ids, fn) { ids " " #fn, fn, fixture_set_up, fixture_tear_down, NULL }

#endif
