/* on_channel.h: the channels of the instance or of a project: lists, log, test, on and off. */
#ifndef CGI_HANDLE_ON_CHANNEL_H
#define CGI_HANDLE_ON_CHANNEL_H

#include <stdbool.h>

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "cgi/page/page.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/project.h"
#include "lib/store/channels.h"

/* Whose channels a request is about: /notifications or /p/{project}/-/notifications. */
struct channel_place {
	struct project project;       /* id 0: the instance */
	const char *base;             /* the path of the list */
	const char *const *args;      /* what stands behind it: {channel}, {notice} */
};
MUST_USE int on_channel_place(struct channel_place *ret, const struct request *rq,
    struct err *e);
/* {channel}, one of that place; else ERR_NOT_FOUND. */
MUST_USE int on_channel_find(struct channel *ret, const struct request *rq,
    const struct channel_place *at, struct err *e);
/* Begins a page of that place with its crumbs; `last` is the last crumb, NULL: the list itself. */
void on_channel_begin(struct page *p, const struct request *rq, const struct channel_place *at,
    const char *template, const char *last);
MUST_USE int on_channel_note(const struct request *rq, const struct channel_place *at,
    const char *action, const struct channel *c, struct err *e);

int on_channel_list(struct reply *rp, struct request *rq, struct err *e);
int on_channel_test(struct reply *rp, struct request *rq, struct err *e);
int on_channel_on(struct reply *rp, struct request *rq, struct err *e);
int on_channel_off(struct reply *rp, struct request *rq, struct err *e);
int on_channel_ask(struct reply *rp, struct request *rq, struct err *e);
int on_channel_remove(struct reply *rp, struct request *rq, struct err *e);
int on_channel_again(struct reply *rp, struct request *rq, struct err *e);

#endif
