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

/* The kinds to choose from. `base`: "/notifications" or "/p/shop/-/notifications". */
void show_channel_kinds(struct page *p, const char *base);
/* `stored` NULL: a new one. */
void show_channel_form(struct page *p, enum channel_kind kind, const struct channel_form *form,
    const struct channel *stored, bool instance);
void show_channel_row(struct node *n, const struct channel *c, const char *base);
/* Events down, channels across. */
void show_channel_grid(struct page *p, const struct channel *list, size_t count, bool instance);
void show_channel_log(struct page *p, const struct notice_row *rows, size_t count,
    const char *base, int64_t now);

#endif
