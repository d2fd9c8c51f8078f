/* show_channel.h: where notices go, what each is told of, and what became of it. */
#ifndef CGI_PAGE_SHOW_CHANNEL_H
#define CGI_PAGE_SHOW_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/store/channels.h"
#include "lib/store/notices.h"

/* What a person typed in the form of a channel. */
struct channel_form {
	const char *name, *target, *url, *secret;
	notice_set events;
};

/* The kinds to choose from. `base`: "/notifications", "/p/shop/-/notifications",
 * "/p/shop/live/notifications". */
void show_channel_kinds(struct page *p, const char *base);
/* `stored` NULL: a new one. */
void show_channel_form(struct page *p, enum channel_kind kind, const struct channel_form *form,
    const struct channel *stored, bool instance);
void show_channel_row(struct node *n, const struct channel *c, const char *base);
/* Where below its level it is switched off, of a list that may have those of others, too. */
void show_channel_off(struct node *n, const struct channel *c, const struct channel_off *list,
    size_t count, int64_t now);
/* One from above, with what this level says of it beside what it inherits. Is it told here? */
struct channel_above_view {
	const struct channel_above *up;
	const char *base;             /* of the level that looks */
	const char *origin;           /* whose it is: "this instance", "project shop" */
	const char *said;             /* who says what is inherited */
};
bool show_channel_above(struct node *n, const struct channel_above_view *v);
/* Events down, channels across: who hears of what happens here; "off" or "waits for a yes" where
 * that is all that keeps one from it. */
struct channel_heard {
	const struct channel *channel;
	const char *from;             /* whose it is; NULL: the level's own */
};
void show_channel_grid(struct page *p, const struct channel_heard *list, size_t count,
    bool instance);
void show_channel_log(struct page *p, const struct notice_row *rows, size_t count,
    const char *base, int64_t now);

#endif
