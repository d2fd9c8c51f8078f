/* notice_json.c: a notice as JSON, and as each kind of channel wants it. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/utf8.h"
#include "lib/model/notice.h"

enum { SLACK_TITLE = 140, SLACK_TEXT = 2800, PING_BODY = 4000 };

static void
json_freep(json_t **j)
{
	json_decref(*j);
}
#define CLEANUP_JSON CLEANUP(json_freep)

/* Text that is none would be no JSON: the writers of notices clean it, this only makes sure. */
static json_t *
text_of(const char *text)
{
	CLEANUP_ARENA struct arena *a = NULL;
	json_t *j = json_string(text != NULL ? text : "");

	if (j != NULL)
		return j;
	/* A name that is no UTF-8, or an error that was cut within a character. */
	a = arena_new();
	j = json_string(utf8_clean(a, text, strlen(text)));
	return j != NULL ? j : json_string("?");
}

static char *
written(struct arena *a, const json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT | JSON_PRESERVE_ORDER), *copy;

	if (text == NULL)
		abort();
	copy = arena_dup(a, text);
	free(text);
	return copy;
}

/* The members of "data", each a text of struct notice. */
struct member {
	const char *name;
	size_t at;
};
#define AT(member) offsetof(struct notice, member)
static const struct member members[] = {
	{ "title", AT(title) }, { "text", AT(text) }, { "project", AT(project) },
	{ "environment", AT(environment) }, { "backup", AT(backup) },
	{ "backup_uuid", AT(backup_uuid) }, { "job", AT(job) }, { "closes", AT(closes) },
	{ "url", AT(url) },
};
enum { MEMBERS = sizeof members / sizeof *members };

static const char **
member_at(struct notice *n, size_t i)
{
	return (const char **)((char *)n + members[i].at);
}

char *
notice_json(struct arena *a, const struct notice *n)
{
	CLEANUP_JSON json_t *root = json_object();
	struct notice copy = *n;
	json_t *data = json_object();
	char iso[CLOCK_ISO_SIZE];

	clock_iso(iso, n->at);
	for (size_t i = 0; i < MEMBERS; i++) {
		const char *text = *member_at(&copy, i);

		if (text != NULL && *text != '\0')
			json_object_set_new(data, members[i].name, text_of(text));
	}
	json_object_set_new(root, "type", text_of(notice_event_name(n->event)));
	json_object_set_new(root, "timestamp", text_of(iso));
	json_object_set_new(root, "at", json_integer(n->at));
	json_object_set_new(root, "data", data);
	return written(a, root);
}

int
notice_parse(struct notice *ret, struct arena *a, const char *json, struct err *e)
{
	CLEANUP_JSON json_t *root = json_loads(json, 0, NULL);
	json_t *data = json_object_get(root, "data");
	const char *type = json_string_value(json_object_get(root, "type"));
	struct notice n = { .at = json_integer_value(json_object_get(root, "at")) };

	if (data == NULL || !notice_event_parse(&n.event, type))
		return err_set(e, ERR_DAMAGED, "a notice in the catalogue cannot be read");
	for (size_t i = 0; i < MEMBERS; i++) {
		const char *text = json_string_value(json_object_get(data, members[i].name));

		*member_at(&n, i) = arena_dup(a, text != NULL ? text : "");
	}
	*ret = n;
	return 0;
}

/* -- what each kind wants -- */

/* At most n bytes, and no half character. */
static char *
cut(struct arena *a, const char *text, size_t n)
{
	size_t length = strlen(text);

	if (length <= n)
		return arena_dup(a, text);
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return arena_printf(a, "%.*s…", (int)n, text);
}

static char *
lines_of(struct arena *a, const struct notice *n)
{
	return *n->text != '\0' ? arena_printf(a, "%s\n%s", n->title, n->text)
	                        : arena_dup(a, n->title);
}

/* In Slack's text "<!channel>" calls everybody: these three signs are written otherwise. */
static char *
slack_escape(struct arena *a, const char *text)
{
	char *out = arena_array(a, strlen(text) + 1, 5), *to = out;

	for (; *text != '\0'; text++) {
		const char *word = *text == '&' ? "&amp;" : *text == '<' ? "&lt;"
		    : *text == '>' ? "&gt;" : NULL;

		if (word == NULL) {
			*to++ = *text;
			continue;
		}
		memcpy(to, word, strlen(word));
		to += strlen(word);
	}
	*to = '\0';
	return out;
}

static json_t *
slack_plain(const char *text)
{
	return json_pack("{s:s, s:s, s:b}", "type", "plain_text", "text", text, "emoji", 0);
}

static char *
slack(struct arena *a, const struct notice *n)
{
	CLEANUP_JSON json_t *root = NULL;
	json_t *blocks = json_array();

	json_array_append_new(blocks, json_pack("{s:s, s:o}", "type", "header", "text",
	    slack_plain(cut(a, n->title, SLACK_TITLE))));
	if (*n->text != '\0')
		json_array_append_new(blocks, json_pack("{s:s, s:o}", "type", "section", "text",
		    slack_plain(cut(a, n->text, SLACK_TEXT))));
	if (*n->url != '\0')
		json_array_append_new(blocks, json_pack("{s:s, s:{s:s, s:s}}", "type", "section",
		    "text", "type", "mrkdwn", "text",
		    arena_printf(a, "<%s|Open in Lazarette>", slack_escape(a, n->url))));
	root = json_pack("{s:s, s:o}", "text",
	    cut(a, slack_escape(a, lines_of(a, n)), SLACK_TEXT), "blocks", blocks);
	return written(a, root);
}

/* Runs of text, which know no Markdown: what a log says stays what it is. */
static json_t *
teams_text(const char *text, bool title)
{
	json_t *run = json_pack("{s:s, s:s}", "type", "TextRun", "text", text);

	if (title) {
		json_object_set_new(run, "weight", json_string("Bolder"));
		json_object_set_new(run, "size", json_string("Medium"));
	}
	return json_pack("{s:s, s:[o]}", "type", "RichTextBlock", "inlines", run);
}

static char *
teams(struct arena *a, const struct notice *n)
{
	CLEANUP_JSON json_t *root = NULL;
	json_t *body = json_array(), *actions = json_array();

	json_array_append_new(body, teams_text(n->title, true));
	if (*n->text != '\0')
		json_array_append_new(body, teams_text(cut(a, n->text, SLACK_TEXT), false));
	if (*n->url != '\0')
		json_array_append_new(actions, json_pack("{s:s, s:s, s:s}", "type",
		    "Action.OpenUrl", "title", "Open in Lazarette", "url", n->url));
	root = json_pack("{s:s, s:[{s:s, s:n, s:{s:s, s:s, s:s, s:o, s:o}}]}", "type", "message",
	    "attachments", "contentType", "application/vnd.microsoft.card.adaptive", "contentUrl",
	    "content", "$schema", "http://adaptivecards.io/schemas/adaptive-card.json", "type",
	    "AdaptiveCard", "version", "1.4", "body", body, "actions", actions);
	return written(a, root);
}

static bool
is_good(enum notice_event event)
{
	return event == NOTICE_BACKUP_READY || event == NOTICE_RECOVERED ||
	    event == NOTICE_RESTORE_DONE || event == NOTICE_DIGEST || event == NOTICE_TEST;
}

/* https://ntfy.sh/<topic>: the message goes to the server, its topic into the body, as headers
 * would not take every letter. */
static int
ntfy(struct notice_message *ret, struct arena *a, const char *url, const struct notice *n,
    struct err *e)
{
	CLEANUP_JSON json_t *root = NULL;
	const char *slash = strrchr(url, '/');
	bool good = is_good(n->event);

	if (slash == NULL || slash[1] == '\0' || strcspn(slash, "?#") != strlen(slash) ||
	    slash < url + strlen("https://"))
		return err_set(e, ERR_INPUT, "The address must end in the topic: "
		    "https://ntfy.sh/my-backups");
	root = json_pack("{s:s, s:s, s:s, s:i, s:[s]}", "topic", slash + 1, "title",
	    cut(a, n->title, SLACK_TITLE), "message",
	    cut(a, *n->text != '\0' ? n->text : n->title, SLACK_TEXT), "priority", good ? 3 : 4,
	    "tags", good ? "white_check_mark" : "warning");
	if (*n->url != '\0')
		json_object_set_new(root, "click", json_string(n->url));
	ret->url = arena_dupn(a, url, (size_t)(slash - url) + 1);
	ret->body = written(a, root);
	return 0;
}

/* /start and /fail behind the address; rid pairs what belongs together. */
static void
healthchecks(struct notice_message *ret, struct arena *a, const char *url, const struct notice *n)
{
	size_t length = strlen(url);
	const char *end = "";

	while (length > 0 && url[length - 1] == '/')
		length--;
	if (n->event == NOTICE_BACKUP_STARTED)
		end = "/start";
	else if (!is_good(n->event) && n->event != NOTICE_ALIVE)
		end = "/fail";
	ret->url = arena_printf(a, "%.*s%s%s%s", (int)length, url, end,
	    *n->backup_uuid != '\0' ? "?rid=" : "", n->backup_uuid);
	ret->body = cut(a, lines_of(a, n), PING_BODY);
	ret->content_type = "text/plain; charset=utf-8";
}

int
notice_message(struct notice_message *ret, struct arena *a, enum channel_kind kind,
    const char *url, const struct notice *n, struct err *e)
{
	struct notice_message m = { url, NULL, "application/json" };

	switch (kind) {
	case CHANNEL_WEBHOOK:
		m.body = notice_json(a, n);
		break;
	case CHANNEL_SLACK:
		m.body = slack(a, n);
		break;
	case CHANNEL_TEAMS:
		m.body = teams(a, n);
		break;
	case CHANNEL_NTFY:
		if (ntfy(&m, a, url, n, e) != 0)
			return -1;
		break;
	case CHANNEL_HEALTHCHECKS:
		healthchecks(&m, a, url, n);
		break;
	case CHANNEL_MAIL:
	case CHANNEL_KINDS:
		return err_set(e, ERR_INTERNAL, "a mail does not go over HTTP");
	}
	*ret = m;
	return 0;
}
