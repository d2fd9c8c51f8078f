/* on_session.c: signing in and out. */
#include "cgi/handle/on_session.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/page/show_session.h"
#include "lib/base/log.h"
#include "lib/base/rand.h"
#include "lib/model/name.h"
#include "lib/store/outbox.h"
#include "lib/util/hash.h"
#include "lib/util/passwd.h"

enum { FRESH_MS = 15 * 60 * 1000 };

static const char cookie[] = "lazarette";

/* The names under which failed tries are counted. */
static const char *
by_account(const struct request *rq, const char *email)
{
	char *name = arena_printf(rq->arena, "account:%.*s", NAME_EMAIL_MAX, email);

	for (char *p = name; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return name;
}

static const char *
by_address(const struct request *rq)
{
	return arena_printf(rq->arena, "address:%s", rq->address);
}

int
on_session_wait(int64_t *ret, struct request *rq, const char *account, struct err *e)
{
	int64_t address_wait, account_wait = 0;

	if (throttle_wait(&address_wait, rq->db, by_address(rq), e) != 0)
		return -1;
	if (account != NULL &&
	    throttle_wait(&account_wait, rq->db, by_account(rq, account), e) != 0)
		return -1;
	*ret = address_wait > account_wait ? address_wait : account_wait;
	return 0;
}

int
on_session_failed(struct request *rq, const char *account, struct err *e)
{
	/* The e-mail stays out of the log: people type passwords into the wrong field. */
	log_line(LOG_WARN, "session.refused", "request %s from %s", rq->id, rq->address);
	if (account != NULL && throttle_failed(rq->db, by_account(rq, account), e) != 0)
		return -1;
	return throttle_failed(rq->db, by_address(rq), e);
}

const char *
on_session_wait_words(struct reply *rp, const struct request *rq, int64_t wait_ms)
{
	int64_t seconds = (wait_ms + 999) / 1000, minutes = (seconds + 59) / 60;

	reply_header(rp, "Retry-After", "%" PRId64, seconds);
	if (seconds < 60)
		return arena_printf(rq->arena, "Too many tries. Wait %" PRId64 " second%s.",
		    seconds, seconds == 1 ? "" : "s");
	return arena_printf(rq->arena, "Too many tries. Wait %" PRId64 " minute%s.", minutes,
	    minutes == 1 ? "" : "s");
}

static int
add_event(const struct request *rq, const struct account *account, const char *action,
    struct err *e)
{
	struct event ev = { .at = rq->now,
		.account = account->id,
		.actor = account->email,
		.action = action,
		.target = "",
		.detail = "",
		.address = rq->address };

	return events_add(rq->db, &ev, e);
}

int
on_session_open(struct reply *rp, struct request *rq, const struct account *account, struct err *e)
{
	struct session_limits limits = { rq->conf->session_idle_ms, rq->conf->session_life_ms };
	char id[TOKEN_SIZE], csrf[TOKEN_SIZE], id_hash[HASH_HEX_SIZE];
	const char *old = request_cookie(rq, cookie);

	if (*old != '\0') {
		hash_of(id_hash, old, strlen(old));
		if (sessions_remove(rq->db, id_hash, e) != 0)
			return -1;
	}
	rand_token(id);
	rand_token(csrf);
	hash_of(id_hash, id, strlen(id));
	if (sessions_sweep(rq->db, &limits, e) != 0 ||
	    sessions_add(rq->db, id_hash, account->id, csrf, rq->address, e) != 0 ||
	    add_event(rq, account, "session.started", e) != 0)
		return -1;
	reply_cookie(rp, rq, cookie, id, (long)(limits.life_ms / 1000));
	reply_cookie(rp, rq, "lazarette-form", "", 0);
	return 0;
}

static int
go_on(struct reply *rp, const char *next)
{
	return reply_see_other(rp, "%s", request_path_is_local(next) ? next : "/");
}

int
on_session_form(struct reply *rp, struct request *rq, struct err *e)
{
	struct session_form form = { .email = "", .next = request_query(rq, "next") };
	int64_t accounts;

	if (rq->session != NULL)
		return go_on(rp, form.next);
	if (accounts_count(&accounts, rq->db, e) != 0)
		return -1;
	if (accounts == 0)
		return reply_see_other(rp, "/setup");
	return show_session_form(rp, rq, &form, NULL, e);
}

/* 0: signed in as `account`. 1: the same refusal whether the e-mail, the password or the account is
 * wrong. -1. */
static int
check_password(struct account *account, struct request *rq, const char *email, struct err *e)
{
	const char *password = request_field(rq, "password");
	bool known = accounts_by_email(account, rq->arena, rq->db, email, e) == 0;

	if (!known && e->kind != ERR_NOT_FOUND)
		return -1;
	/* An unknown account takes as long as a known one. */
	if (!passwd_matches(known ? account->password_hash : NULL, password) || account->disabled)
		return 1;
	return 0;
}

int
on_session_start(struct reply *rp, struct request *rq, struct err *e)
{
	struct session_form form = { .email = request_field(rq, "email"),
		.next = request_field(rq, "next") };
	struct account account = { .id = 0 };
	int64_t wait;
	int refused;

	if (on_session_wait(&wait, rq, form.email, e) != 0)
		return -1;
	if (wait > 0) {
		rp->status = 429;
		return show_session_form(rp, rq, &form, on_session_wait_words(rp, rq, wait), e);
	}
	refused = check_password(&account, rq, form.email, e);
	if (refused < 0)
		return -1;
	if (refused > 0) {
		if (on_session_failed(rq, form.email, e) != 0)
			return -1;
		rp->status = 422;
		return show_session_form(rp, rq, &form, "E-mail or password is wrong.", e);
	}
	if (throttle_clear(rq->db, by_account(rq, form.email), e) != 0 ||
	    on_session_open(rp, rq, &account, e) != 0)
		return -1;
	return go_on(rp, form.next);
}

bool
on_session_is_fresh(const struct request *rq)
{
	return rq->session != NULL && rq->now - rq->session->auth_at <= FRESH_MS;
}

int
on_session_again(const char **words, struct reply *rp, struct request *rq, struct err *e)
{
	const char *email = rq->session->account.email, *id = request_cookie(rq, cookie);
	struct account account = { .id = 0 };
	char id_hash[HASH_HEX_SIZE];
	int64_t wait;
	int refused;

	if (on_session_wait(&wait, rq, email, e) != 0)
		return -1;
	if (wait > 0) {
		rp->status = 429;
		*words = on_session_wait_words(rp, rq, wait);
		return 1;
	}
	refused = check_password(&account, rq, email, e);
	if (refused < 0 || (refused > 0 && on_session_failed(rq, email, e) != 0))
		return -1;
	if (refused > 0) {
		rp->status = 422;
		*words = "The password is wrong";
		return 1;
	}
	hash_of(id_hash, id, strlen(id));
	if (throttle_clear(rq->db, by_account(rq, email), e) != 0 ||
	    sessions_renew(rq->db, id_hash, e) != 0)
		return -1;
	rq->session->auth_at = rq->now;
	return 0;
}

int
on_session_end(struct reply *rp, struct request *rq, struct err *e)
{
	const char *id = request_cookie(rq, cookie);
	char id_hash[HASH_HEX_SIZE];

	hash_of(id_hash, id, strlen(id));
	if (sessions_remove(rq->db, id_hash, e) != 0 ||
	    add_event(rq, &rq->session->account, "session.ended", e) != 0)
		return -1;
	reply_cookie(rp, rq, cookie, "", 0);
	return reply_see_other(rp, "/login?said=signed-out");
}
