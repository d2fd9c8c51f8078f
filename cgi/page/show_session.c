/* show_session.c: the pages before anybody is signed in: sign-in and first account. */
#include "cgi/page/show_session.h"

#include "cgi/page/page.h"

int
show_session_form(struct reply *rp, const struct request *rq, const struct session_form *form,
    const char *refused, struct err *e)
{
	struct field_error fault = { "", refused };
	CLEANUP_PAGE struct page p = { 0 };
	int status = rp->status;

	page_begin(&p, rq, "login.cs", "Sign in");
	node_set(p.root, "email.value", form->email);
	node_set(p.root, "next.value", form->next);
	if (refused != NULL) {
		page_errors(&p, rp, &fault, 1);
		rp->status = status;
	}
	return page_send(rp, rq, &p, e);
}

int
show_session_setup(struct reply *rp, const struct request *rq, const struct setup_form *form,
    const struct field_error *errors, size_t count, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	page_begin(&p, rq, "setup.cs", "Set up this instance");
	node_set(p.root, "code.value", form->code);
	node_set(p.root, "name.value", form->name);
	node_set(p.root, "email.value", form->email);
	if (count > 0)
		page_errors(&p, rp, errors, count);
	return page_send(rp, rq, &p, e);
}
