/* on_channel.h: the channels of the instance, a project or an environment: lists, log, test, on
 * and off. */
#ifndef CGI_HANDLE_ON_CHANNEL_H
#define CGI_HANDLE_ON_CHANNEL_H

#include <stdbool.h>

#include "cgi/handle/policyplace.h"
#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "cgi/page/page.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/channels.h"

/* Whose channels a request is about: /notifications, /p/{project}/-/notifications or
 * /p/{project}/{environment}/notifications. */
struct channel_place {
	struct policyplace of;
	const char *base;             /* the path of the list */
	const char *const *args;      /* what stands behind it: {channel}, {notice} */
};
MUST_USE int on_channel_place(struct channel_place *ret, const struct request *rq,
    struct err *e);
/* {channel}, one of that place; else ERR_NOT_FOUND. */
MUST_USE int on_channel_find(struct channel *ret, const struct request *rq,
    const struct channel_place *at, struct err *e);
/* Begins a page of that place with its crumbs and, of an environment, its tabs; `last` is the last
 * crumb, NULL: the list itself. */
struct channel_page {
	const char *template, *last;
};
MUST_USE int on_channel_begin(struct page *p, const struct request *rq,
    const struct channel_place *at, const struct channel_page *f, struct err *e);
MUST_USE int on_channel_note(const struct request *rq, const struct channel_place *at,
    const char *action, const struct channel *c, struct err *e);

int on_channel_list(struct reply *rp, struct request *rq, struct err *e);
int on_channel_test(struct reply *rp, struct request *rq, struct err *e);
int on_channel_on(struct reply *rp, struct request *rq, struct err *e);
int on_channel_off(struct reply *rp, struct request *rq, struct err *e);
int on_channel_ask(struct reply *rp, struct request *rq, struct err *e);
int on_channel_remove(struct reply *rp, struct request *rq, struct err *e);
/* What a level says of a channel from above: field `say`. */
int on_channel_say(struct reply *rp, struct request *rq, struct err *e);
/* Where that form stands: who signs in after it comes back to the list. */
int on_channel_here(struct reply *rp, struct request *rq, struct err *e);
int on_channel_again(struct reply *rp, struct request *rq, struct err *e);

#endif
