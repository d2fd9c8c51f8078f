/* gate.c: who may pass. */
#include "cgi/gate.h"

#include <sodium.h>
#include <string.h>

#include "cgi/page/page.h"
#include "lib/base/log.h"
#include "lib/base/rand.h"
#include "lib/util/hash.h"
#include "lib/util/url.h"

/* Life of the cookie that binds a visitor's form: long enough for a page left open over lunch. */
enum { VISITOR_SECONDS = 12 * 3600 };

static int
find_session(struct request *rq, struct err *e)
{
	const char *id = request_cookie(rq, "lazarette");
	struct session_limits limits = { rq->conf->session_idle_ms, rq->conf->session_life_ms };
	char id_hash[HASH_HEX_SIZE];
	struct session *found;

	/* Without a catalogue only the open pages are shown. */
	if (*id == '\0' || rq->db == NULL)
		return 0;
	hash_of(id_hash, id, strlen(id));
	found = arena_alloc(rq->arena, sizeof *found);
	if (sessions_find(found, rq->arena, rq->db, id_hash, &limits, e) != 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	rq->session = found;
	rq->csrf = found->csrf;
	return 0;
}

static bool
is_token(const char *text)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	return strlen(text) == TOKEN_SIZE - 1 && strspn(text, letters) == TOKEN_SIZE - 1;
}

/*
 * A visitor has no session to bind a form to. The token stands in a cookie and in the form; another
 * site can send the form, but neither read nor set the cookie.
 */
static void
bind_visitor(struct reply *rp, struct request *rq)
{
	const char *token = request_cookie(rq, "lazarette-form");
	char fresh[TOKEN_SIZE];

	if (is_token(token)) {
		rq->csrf = token;
		return;
	}
	if (rq->method == METHOD_POST)
		return;
	rand_token(fresh);
	rq->csrf = arena_dup(rq->arena, fresh);
	reply_cookie(rp, rq, "lazarette-form", fresh, VISITOR_SECONDS);
}

/* What the browser itself says about where a form was sent from. */
static bool
came_from_here(const struct request *rq, const struct route *rt)
{
	if (*rq->fetch_site != '\0')
		return strcmp(rq->fetch_site, "same-origin") == 0 ||
		    strcmp(rq->fetch_site, "none") == 0;
	/* Older browsers, and plain http, where Sec-Fetch-Site is not sent. The pages of links tell
	 * nobody where they are, not even us: their Origin is "null". */
	if (*rq->origin == '\0' || (rt->guard == GUARD_LINK && strcmp(rq->origin, "null") == 0))
		return true;
	return strcmp(rq->origin, rq->conf->public_url) == 0;
}

static bool
token_is_right(const struct request *rq)
{
	const char *given = request_field(rq, "csrf");
	size_t n = strlen(rq->csrf);

	return n > 0 && strlen(given) == n && sodium_memcmp(given, rq->csrf, n) == 0;
}

static int
check_form(const struct request *rq, const struct route *rt, struct err *e)
{
	if (rq->method != METHOD_POST)
		return 0;
	if (!came_from_here(rq, rt))
		return err_set(e, ERR_DENIED,
		    "This form was sent from another site than %s, so nothing was done. If you"
		    " meant it, open the page there and send it again.",
		    rq->conf->public_url);
	if (rt->guard != GUARD_LINK && !token_is_right(rq))
		return err_set(e, ERR_DENIED,
		    "This form is no longer valid, so nothing was done: its page was opened"
		    " before the last sign-in, or cookies are off. Reload the page and send it "
		    "again.");
	return 0;
}

/*
 * The page that a form stands on: its own path, or the nearest one above it that can be looked at
 * (/b/b7 for /b/b7/keep).
 */
static const char *
page_of_form(const struct request *rq)
{
	struct request look = *rq;
	char *path = arena_dup(rq->arena, rq->path);
	int status;

	look.method = METHOD_GET;
	for (look.path = path; *path != '\0'; *strrchr(path, '/') = '\0')
		if (route_find(&status, &look) != NULL)
			return url_encode_path(rq->arena, path);
	return "";
}

/* Whoever wanted to sign out is; any other form is explained. */
static int
answer_signed_out(struct reply *rp, const struct request *rq, const struct route *rt)
{
	if (strcmp(rt->pattern, "/logout") == 0)
		return reply_see_other(rp, "/login?said=signed-out");
	page_signed_out(rp, rq, page_of_form(rq));
	return 0;
}

static int
check_right(bool *answered, struct reply *rp, const struct request *rq, const struct route *rt,
    struct err *e)
{
	if (rt->right == RIGHT_NONE)
		return 0;
	if (rq->session == NULL && rq->method != METHOD_POST) {
		*answered = true;
		if (strcmp(rq->return_path, "/") == 0)
			return reply_see_other(rp, "/login");
		return reply_see_other(rp, "/login?next=%s",
		    url_encode(rq->arena, rq->return_path));
	}
	if (rq->session == NULL) {
		*answered = true;
		return answer_signed_out(rp, rq, rt);
	}
	if (!role_has(rq->session->account.role, rt->right))
		return err_set(e, ERR_DENIED,
		    "Your role (%s) does not include the right \"%s\". An administrator can give"
		    " it to you.",
		    role_name(rq->session->account.role), right_name(rt->right));
	return 0;
}

int
gate_pass(bool *answered, struct reply *rp, struct request *rq, const struct route *rt,
    struct err *e)
{
	*answered = false;
	if (rt->guard == GUARD_LINK)
		reply_header(rp, "Referrer-Policy", "no-referrer");
	else if (find_session(rq, e) != 0)
		return -1;
	if (rt->guard == GUARD_VISITOR && rq->session == NULL)
		bind_visitor(rp, rq);
	/* Signed in in another tab meanwhile: the form of this one has done its work. */
	if (rt->guard == GUARD_VISITOR && rq->session != NULL && rq->method == METHOD_POST) {
		*answered = true;
		return reply_see_other(rp, "%s", request_field(rq, "next"));
	}
	if (check_right(answered, rp, rq, rt, e) != 0)
		return -1;
	return *answered ? 0 : check_form(rq, rt, e);
}

void
gate_know(struct request *rq)
{
	struct err why;

	/* Below /dl/ and /confirm/ no cookie is read. */
	if (strncmp(rq->path, "/dl/", 4) != 0 && strncmp(rq->path, "/confirm/", 9) != 0 &&
	    find_session(rq, &why) != 0)
		log_line(LOG_WARN, "gate.session", "request %s: %s", rq->id, why.text);
}
