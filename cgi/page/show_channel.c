/* show_channel.c: where notices go, what each is told of, and what became of it. */
#include "cgi/page/show_channel.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/page/mark.h"

void
show_channel_kinds(struct page *p, const char *base)
{
	static const char *const about[CHANNEL_KINDS] = {
		[CHANNEL_MAIL] = "To one address. If no account here has it, it is asked first.",
		[CHANNEL_WEBHOOK] =
		    "JSON to an address of yours, signed as Standard Webhooks has it.",
		[CHANNEL_SLACK] = "To a channel of Slack, by an incoming webhook.",
		[CHANNEL_TEAMS] = "To a channel of Teams, by a workflow that posts a card.",
		[CHANNEL_NTFY] = "To phones, through ntfy.sh or a server of your own.",
		[CHANNEL_HEALTHCHECKS] =
		    "Start, success and failure of backups to a check that also notices silence.",
	};

	for (int i = 0; i < CHANNEL_KINDS; i++) {
		struct node *n = node_add(p->root, "kinds");

		node_set(n, "title", notice_kind_title((enum channel_kind)i));
		node_set(n, "about", about[i]);
		node_setf(n, "href", "%s/new?kind=%s", base,
		    notice_kind_name((enum channel_kind)i));
	}
}

/* What stands at the field of the address, by kind. */
static const char *
url_hint(enum channel_kind kind)
{
	static const char *const hints[CHANNEL_KINDS] = {
		[CHANNEL_WEBHOOK] = "https://ops.example.org/lazarette",
		[CHANNEL_SLACK] = "https://hooks.slack.com/services/… as Slack gives it",
		[CHANNEL_TEAMS] = "The address that the workflow \"When a Teams webhook request is"
		                  " received\" gives",
		[CHANNEL_NTFY] = "Server and topic: https://ntfy.sh/my-backups",
		[CHANNEL_HEALTHCHECKS] = "The ping address: https://hc-ping.com/…",
	};

	return kind < CHANNEL_KINDS && hints[kind] != NULL ? hints[kind] : "";
}

void
show_channel_form(struct page *p, enum channel_kind kind, const struct channel_form *form,
    const struct channel *stored, bool instance)
{
	node_set(p->root, "kind.name", notice_kind_name(kind));
	node_set(p->root, "kind.title", notice_kind_title(kind));
	node_flag(p->root, notice_kind_name(kind), true);
	node_flag(p->root, "new", stored == NULL);
	node_set(p->root, "name.value", form->name);
	node_set(p->root, "target.value", form->target);
	node_set(p->root, "url.value", form->url);
	node_set(p->root, "url.hint", url_hint(kind));
	node_set(p->root, "secret.value", form->secret);
	if (stored != NULL) {
		node_set(p->root, "stored", stored->target);
		node_int(p->root, "revision", stored->revision);
	}
	for (int i = 0; i < NOTICE_CHOICES; i++) {
		enum notice_event event = (enum notice_event)i;
		struct node *n;

		if (!notice_suits(kind, event, instance))
			continue;
		n = node_add(p->root, "events");
		node_set(n, "value", notice_event_name(event));
		node_set(n, "text",
		    kind == CHANNEL_HEALTHCHECKS && event == NOTICE_WORKER_SILENT
		        ? "Ping each minute while the worker is alive"
		        : notice_event_title(event));
		node_flag(n, "on", (form->events & notice_bit(event)) != 0);
	}
}

/* Why it is told of nothing, whatever it has chosen and whoever says so; NULL: it is told. */
static const char *
quiet(const struct channel *c)
{
	if (!c->enabled)
		return "off";
	return c->kind == CHANNEL_MAIL && c->confirmed_at == 0 ? "waits for a yes" : NULL;
}

void
show_channel_row(struct node *n, const struct channel *c, const char *base)
{
	node_set(n, "name", c->name);
	node_set(n, "kind", notice_kind_title(c->kind));
	node_set(n, "target", c->target);
	node_setf(n, "href", "%s/%" PRId64, base, c->id);
	node_flag(n, "on", c->enabled);
	node_flag(n, "unconfirmed", c->kind == CHANNEL_MAIL && c->confirmed_at == 0);
	if (!c->enabled)
		mark_state(n, "state", "Off", "cancelled", "idle");
	else if (c->kind == CHANNEL_MAIL && c->confirmed_at == 0)
		mark_state(n, "state", "Waits for a yes", "mail", "warn");
	else
		mark_state(n, "state", "On", "ok", "good");
}

void
show_channel_off(struct node *n, const struct channel *c, const struct channel_off *list,
    size_t count, int64_t now)
{
	for (size_t i = 0; i < count; i++) {
		struct node *row;

		if (list[i].channel != c->id)
			continue;
		row = node_add(n, "off");
		node_set(row, "place", list[i].place);
		node_setf(row, "href", "%s%s/notifications", list[i].path,
		    strchr(list[i].place, '/') != NULL ? "" : "/-");
		node_flag(row, "told", list[i].told);
		page_time(row, "since", list[i].since, now);
		node_set(row, "by", list[i].by);
	}
}

bool
show_channel_above(struct node *n, const struct channel_above_view *v)
{
	static const char *const words[] = { [CHANNEL_TOLD] = "told",
		[CHANNEL_NOT_HERE] = "not here" };
	const struct channel_above *up = v->up;
	enum channel_say holds = up->own != CHANNEL_UNSAID ? up->own : up->inherited;

	show_channel_row(n, &up->channel, v->base);
	/* Its own page is where it belongs. */
	node_setf(n, "say", "%s/%" PRId64 "/here", v->base, up->channel.id);
	node_set(n, "origin", v->origin);
	if (up->own != CHANNEL_UNSAID)
		node_set(n, "own", words[up->own]);
	node_set(n, "inherited", words[up->inherited]);
	node_set(n, "said", v->said);
	node_flag(n, "told", holds == CHANNEL_TOLD);
	if (holds == CHANNEL_TOLD)
		node_set(n, "quiet", quiet(&up->channel));
	/* Where the own value differs from the inherited one, giving it up is the change. */
	node_flag(n, "turns", holds == up->inherited);
	return holds == CHANNEL_TOLD;
}

static void
column(struct node *n, const struct channel_heard *h)
{
	if (h->from != NULL)
		node_setf(n, "name", "%s (%s)", h->channel->name, h->from);
	else
		node_set(n, "name", h->channel->name);
}

void
show_channel_grid(struct page *p, const struct channel_heard *list, size_t count, bool instance)
{
	for (size_t k = 0; k < count; k++)
		column(node_add(p->root, "columns"), &list[k]);
	for (int i = 0; i < NOTICE_CHOICES; i++) {
		enum notice_event event = (enum notice_event)i;
		struct node *row;

		if (!notice_suits(CHANNEL_MAIL, event, instance))
			continue;
		row = node_add(p->root, "grid");
		node_set(row, "text", notice_event_title(event));
		for (size_t k = 0; k < count; k++) {
			struct node *cell = node_add(row, "cells");

			column(cell, &list[k]);
			if ((list[k].channel->events & notice_bit(event)) == 0)
				continue;
			node_flag(cell, "on", quiet(list[k].channel) == NULL);
			node_set(cell, "quiet", quiet(list[k].channel));
		}
	}
}

/* A mail has gone out when the outbox says so, not when it got there. */
static void
mark_notice(struct node *n, const struct notice_row *r)
{
	const char *state = *r->mail != '\0' && *r->mail_state != '\0' ? r->mail_state : r->state;

	if (strcmp(state, "sent") == 0)
		mark_state(n, "state", "Sent", "ok", "good");
	else if (strcmp(state, "failed") == 0)
		mark_state(n, "state", "Not sent", "failed", "bad");
	else if (r->attempts > 1 || *r->error != '\0' || *r->mail_error != '\0')
		mark_state(n, "state", "Trying again", "warning", "warn");
	else
		mark_state(n, "state", "On its way", "queued", "busy");
}

void
show_channel_log(struct page *p, const struct notice_row *rows, size_t count, const char *base,
    int64_t now)
{
	bool moving = false;

	for (size_t i = 0; i < count; i++) {
		const struct notice_row *r = &rows[i];
		struct node *n = node_add(p->root, "log");
		bool queued = strcmp(r->state, "queued") == 0;

		node_set(n, "event", notice_event_title(r->event));
		node_set(n, "channel", r->channel_name);
		node_setf(n, "channel_href", "%s/%" PRId64, base, r->channel);
		node_setf(n, "again", "%s/%" PRId64 "/log/%" PRId64 "/again", base, r->channel,
		    r->id);
		mark_notice(n, r);
		page_time(n, "made", r->created_at, now);
		if (r->status != 0)
			node_int(n, "status", r->status);
		node_set(n, "error", *r->error != '\0' ? r->error : r->mail_error);
		if (r->attempts > 1)
			node_int(n, "attempts", r->attempts);
		if (queued && *r->error != '\0')
			page_time(n, "next", r->next_at, now);
		moving = moving || (queued && r->attempts < 2 && *r->error == '\0');
	}
	if (moving)
		node_set(p->root, "page.refresh", "2");
}
