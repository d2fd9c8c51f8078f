/* on_setup.c: the first account of an instance. */
#include "cgi/handle/on_setup.h"

#include <string.h>

#include "cgi/handle/on_session.h"
#include "cgi/page/complaints.h"
#include "cgi/page/show_session.h"
#include "lib/model/name.h"
#include "lib/store/outbox.h"
#include "lib/util/hash.h"
#include "lib/util/passwd.h"

static const char wrong_code[] = "Enter the setup code shown by `lazarette admin setup-code`.";

/* Without the spaces that copying brings along. */
static const char *
trimmed(const struct request *rq, const char *text)
{
	size_t n;

	text += strspn(text, " \t\n");
	n = strlen(text);
	while (n > 0 && strchr(" \t\n", text[n - 1]) != NULL)
		n--;
	return arena_dupn(rq->arena, text, n);
}

static void
check_form(struct complaints *faults, const struct request *rq, const struct setup_form *form)
{
	struct err e;

	if (*form->code == '\0')
		complaints_add(faults, "code", wrong_code);
	if (name_check_title("Name", form->name, &e) != 0)
		complaints_add(faults, "name", arena_dup(rq->arena, e.text));
	if (name_check_email(form->email, &e) != 0)
		complaints_add(faults, "email", arena_dup(rq->arena, e.text));
	if (passwd_check(request_field(rq, "password"), &e) != 0)
		complaints_add(faults, "password", arena_dup(rq->arena, e.text));
}

/* ERR_CONFLICT once there is an account: the page has done its work for ever. */
static int
still_open(struct request *rq, struct err *e)
{
	int64_t accounts;

	if (accounts_count(&accounts, rq->db, e) != 0)
		return -1;
	if (accounts > 0)
		return err_set(e, ERR_CONFLICT,
		    "This instance is set up already. Sign in instead.");
	return 0;
}

int
on_setup_form(struct reply *rp, struct request *rq, struct err *e)
{
	struct setup_form form = { "", "", "" };

	if (still_open(rq, e) != 0)
		return e->kind == ERR_CONFLICT ? reply_see_other(rp, "/login") : -1;
	return show_session_setup(rp, rq, &form, NULL, 0, e);
}

static int
set_up(struct account *account, struct request *rq, const struct setup_form *form, struct err *e)
{
	struct event ev = { .at = rq->now,
		.actor = form->email,
		.action = "instance.set-up",
		.target = "",
		.detail = "",
		.address = rq->address };
	char password_hash[PASSWD_HASH_SIZE], code_hash[HASH_HEX_SIZE];

	if (passwd_hash(password_hash, request_field(rq, "password"), e) != 0)
		return -1;
	hash_of(code_hash, form->code, strlen(form->code));
	account->email = form->email;
	account->name = form->name;
	account->role = ROLE_ADMIN;
	account->password_hash = arena_dup(rq->arena, password_hash);
	if (accounts_set_up(account, rq->db, code_hash, e) != 0)
		return -1;
	ev.account = account->id;
	return events_add(rq->db, &ev, e);
}

int
on_setup(struct reply *rp, struct request *rq, struct err *e)
{
	struct setup_form form = { trimmed(rq, request_field(rq, "code")),
		trimmed(rq, request_field(rq, "name")), trimmed(rq, request_field(rq, "email")) };
	struct account account = { .id = 0 };
	struct complaints faults = { .count = 0 };
	int64_t wait;

	if (still_open(rq, e) != 0 || on_session_wait(&wait, rq, NULL, e) != 0)
		return -1;
	if (wait > 0)
		complaints_add(&faults, "", on_session_wait_words(rp, rq, wait));
	else
		check_form(&faults, rq, &form);
	if (faults.count == 0 && set_up(&account, rq, &form, e) == 0) {
		if (on_session_open(rp, rq, &account, e) != 0)
			return -1;
		return reply_see_other(rp, "/");
	}
	if (faults.count == 0) {
		if (e->kind != ERR_DENIED || on_session_failed(rq, NULL, e) != 0)
			return -1;
		complaints_add(&faults, "code", wrong_code);
	}
	if (show_session_setup(rp, rq, &form, faults.items, faults.count, e) != 0)
		return -1;
	if (wait > 0)
		rp->status = 429;
	return 0;
}
