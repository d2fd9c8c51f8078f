/* page.c: the frame of every page, and what forms have in common. */
#include "cgi/page/page.h"

#include <stdio.h>
#include <string.h>

#include "assets.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "lib/util/url.h"

/* What ?said=<word> tells after a redirect. Only these words speak: a link cannot put text on a
 * page. */
static const struct {
	const char *word, *text;
} flashes[] = {
	{ "created", "Created." },
	{ "saved", "Saved." },
	{ "note", "The note is saved." },
	{ "kept", "Kept. It is not deleted until you take the mark away." },
	{ "kept-for", "Kept. No rule deletes it before that day." },
	{ "unkept", "No longer kept." },
	{ "trusted", "It counts as good. What comes after it is compared with it." },
	{ "encrypted", "What is stored from now on is encrypted." },
	{ "plain", "What is stored from now on is not encrypted." },
	{ "confirmed", "The key of the server is confirmed." },
	{ "testing", "The test is queued. This page shows what comes of it." },
	{ "proving", "Recovery is being proved. This page shows what comes of it." },
	{ "wrapping", "It is being wrapped for the present key. This page shows how far." },
	{ "searching", "The storage is being looked through. This page shows what is found." },
	{ "deleted", "Moved to the trash. Its page says until when it can be put back." },
	{ "undeleted", "Put back." },
	{ "cancelled", "The job is asked to stop." },
	{ "retried", "Queued again." },
	{ "checking", "The connection test is queued." },
	{ "verifying", "The verification is queued." },
	{ "moving", "The move is queued, one job for each backup. This page shows what is left." },
	{ "copying", "The copy is queued. This page shows what becomes of it." },
	{ "removing", "This copy is being removed; the backup stays in its other places." },
	{ "revoked", "The download is revoked: its links no longer work." },
	{ "mailed", "The files are ready already. A mail with a fresh link is on its way." },
	{ "looking", "The target is looked at again." },
	{ "paused", "Paused. No backups are taken until you resume." },
	{ "resumed", "Active again." },
	{ "badge-made", "The badge has a new address. One it had before no longer works." },
	{ "badge-removed", "The badge is gone: its address no longer works." },
	{ "tested", "The test is on its way: the log below tells what became of it." },
	{ "again", "It is sent again." },
	{ "asked", "The question is on its way." },
	{ "asked-lately", "No new mail: the last one is under way, is less than 5 minutes old or"
	    " was answered." },
	{ "removed", "Removed." },
	{ "none-chosen", "Nothing was chosen. Tick one or more backups first." },
	{ "appended", "Appended to the queue." },
	{ "schedule-on", "Turned on. What fell into the time it was off is not made up for." },
	{ "schedule-off", "Turned off." },
	{ "schedule-paused", "The schedule is paused until that day." },
	{ "schedule-removed", "The schedule is removed." },
	{ "signed-out", "You are signed out." },
};

/* Which entry of the navigation a path belongs to. */
static const struct {
	const char *start, *section;
} sections[] = {
	{ "/projects", "projects" },
	{ "/p/", "projects" },
	{ "/b/", "projects" },
	{ "/d/", "projects" },
	{ "/r/", "projects" },
	{ "/s/", "projects" },
	{ "/policies", "projects" },
	{ "/retention", "projects" },
	{ "/plans", "plans" },
	{ "/schedule", "plans" },
	{ "/jobs", "jobs" },
	{ "/j/", "jobs" },
	{ "/help", "help" },
	{ "/storage", "storage" },
	{ "/notifications", "notifications" },
};

static const char *
section_of(const char *path)
{
	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
		if (strncmp(path, sections[i].start, strlen(sections[i].start)) == 0)
			return sections[i].section;
	return strcmp(path, "/") == 0 ? "overview" : "";
}

/* "restore-to-live" is restore_to_live in the tree. */
static const char *
right_key(struct arena *a, enum right right)
{
	char *name = arena_dup(a, right_name(right));

	for (char *p = name; *p != '\0'; p++)
		if (*p == '-')
			*p = '_';
	return name;
}

static void
set_person(struct node *root, struct arena *a, const struct session *session)
{
	if (session == NULL)
		return;
	node_set(root, "page.user.email", session->account.email);
	node_set(root, "page.user.name", session->account.name);
	for (int right = RIGHT_VIEW; right < RIGHTS; right++)
		node_flag(node_at(root, "page.may"), right_key(a, (enum right)right),
		    role_has(session->account.role, (enum right)right));
}

static void
set_flash(struct node *root, const char *word)
{
	for (size_t i = 0; i < sizeof flashes / sizeof flashes[0]; i++)
		if (strcmp(word, flashes[i].word) == 0)
			node_set(root, "page.flash", flashes[i].text);
}

void
page_begin(struct page *p, const struct request *rq, const char *template, const char *title)
{
	char key[TOKEN_SIZE];

	p->tree = tree_new();
	p->root = tree_root(p->tree);
	p->template = template;
	p->title = title;
	rand_token(key);
	node_set(p->root, "page.title", title);
	node_set(p->root, "page.section", section_of(rq->path));
	set_person(p->root, rq->arena, rq->session);
	node_set(p->root, "page.csrf", rq->csrf);
	node_set(p->root, "page.key", key);
	node_set(p->root, "page.version", LAZARETTE_VERSION);
	node_set(p->root, "page.request", rq->id);
	node_set(p->root, "page.css", "/static/" ASSET_CONSOLE_CSS);
	node_set(p->root, "page.js", "/static/" ASSET_CONSOLE_JS);
	node_set(p->root, "page.icons", "/static/" ASSET_ICONS_SVG);
	page_time(p->root, "page.now", rq->now, rq->now);
	set_flash(p->root, request_query(rq, "said"));
}

void
page_freep(struct page *p)
{
	tree_free(p->tree);
	p->tree = NULL;
}

void
page_crumb(struct page *p, const char *text, const char *href)
{
	struct node *crumb = node_add(p->root, "page.crumbs");

	node_set(crumb, "text", text);
	node_set(crumb, "href", href);
}

void
page_environment(struct page *p, const struct request *rq, const struct environment *v,
    const char *tab)
{
	static const struct {
		const char *name, *text;
	} tabs[] = {
		{ "overview", "Overview" }, { "backups", "Backups" }, { "restores", "Restores" },
		{ "downloads", "Downloads" }, { "schedule", "Schedule" },
		{ "retention", "Retention" }, { "services", "Services" },
		{ "activity", "Activity" }, { "settings", "Settings" },
	};
	const char *project = arena_printf(rq->arena, "/p/%s", v->project_slug);
	const char *href = arena_printf(rq->arena, "%s/%s", project, v->slug);
	struct node *env = node_at(p->root, "page.env");

	page_crumb(p, "Projects", "/projects");
	page_crumb(p, v->project_slug, project);
	page_crumb(p, v->slug, arena_printf(rq->arena, "%s/backups", href));
	node_set(env, "project", v->project_slug);
	node_set(env, "project_name", v->project_name);
	node_set(env, "slug", v->slug);
	node_set(env, "name", v->name);
	node_set(env, "kind", environment_kind_name(v->kind));
	node_set(env, "href", href);
	node_flag(env, "paused", v->paused);
	for (size_t i = 0; i < sizeof tabs / sizeof tabs[0]; i++) {
		struct node *t = node_add(env, "tabs");

		node_set(t, "text", tabs[i].text);
		/* The first is the environment's own address. */
		node_setf(t, "href", "%s%s%s", href, i == 0 ? "" : "/", i == 0 ? "" : tabs[i].name);
		node_flag(t, "current", strcmp(tab, tabs[i].name) == 0);
	}
}

void
page_command(struct page *p, const char *command)
{
	node_set(p->root, "page.command", command);
}

void
page_errors(struct page *p, struct reply *rp, const struct field_error *errors, size_t count)
{
	rp->status = 422;
	node_flag(p->root, "page.failed", true);
	for (size_t i = 0; i < count; i++) {
		struct node *row = node_add(p->root, "page.errors");

		node_set(row, "text", errors[i].text);
		if (*errors[i].field == '\0')
			continue;
		node_set(row, "field", errors[i].field);
		/* One of a list ("choice-7") gets its sentence from whoever shows the list. */
		if (strchr(errors[i].field, '-') == NULL)
			node_set(node_at(p->root, errors[i].field), "error", errors[i].text);
	}
}

void
page_time(struct node *n, const char *name, int64_t ms, int64_t now)
{
	char iso[CLOCK_ISO_SIZE], date[NUM_TEXT], ago[NUM_TEXT];
	struct node *cell;

	if (ms == 0)
		return;
	cell = node_at(n, name);
	clock_iso(iso, ms);
	num_date(date, ms);
	num_ago(ago, ms, now);
	node_set(cell, "iso", iso);
	node_set(cell, "date", date);
	node_set(cell, "ago", ago);
}

void
page_size(struct node *n, const char *name, int64_t bytes)
{
	struct node *cell = node_at(n, name);
	char text[NUM_TEXT], exact[NUM_TEXT];

	num_size(text, bytes);
	num_count(exact, bytes);
	node_set(cell, "text", text);
	node_set(cell, "bytes", exact);
}

int
page_send(struct reply *rp, const struct request *rq, struct page *p, struct err *e)
{
	buf_clear(&rp->body);
	return render_html(&rp->body, rq->conf->templates, p->template, p->tree, e);
}

/* What each status is called, and what a person can do. */
static const struct trouble {
	int status;
	const char *title, *advice;
} troubles[] = {
	{ 400, "This request is not valid", "Go back, reload the page and try again." },
	{ 403, "Not allowed", NULL },
	{ 404, "Not found",
	    "It may have been renamed or deleted. The lists of projects and jobs show what there "
	    "is." },
	{ 405, "Not possible this way",
	    "Use the buttons of the pages; a saved address of a form does not work by itself." },
	{ 409, "Not possible now", "Go back, reload the page and look at its present state." },
	{ 410, "No longer there", NULL },
	{ 413, "Too large", "Shorten what you entered and send it again." },
	{ 415, "Unknown kind of form", NULL },
	{ 422, "Not valid", "Go back and correct it." },
	{ 429, "Too many tries", NULL },
	{ 503, "Not available now", "Try again in a few seconds. Nothing is lost: jobs go on." },
	{ 500, "Something went wrong here",
	    "Try again. If it happens again, look for the request id in the log of"
	    " lazarette-web: the reason stands there." },
};

static const struct trouble *
trouble_of(int status)
{
	const struct trouble *t = troubles;

	while (t->status != status && t->status != 500)
		t++;
	return t;
}

/* Who follows a link from a mail may have no account, and no list here to look into. */
static bool
is_link(const struct request *rq)
{
	return strncmp(rq->path, "/dl/", 4) == 0 || strncmp(rq->path, "/confirm/", 9) == 0;
}

/* `back`: where to sign in leads to, "" for the front page. */
static void
send_trouble(struct reply *rp, const struct request *rq, const struct trouble *t,
    const char *sentence, const char *back)
{
	CLEANUP_PAGE struct page p = { 0 };
	bool link = is_link(rq);
	struct err e;

	/* What the handler had begun to say is void. */
	reply_release(rp);
	rp->status = t->status;
	if (link)
		reply_header(rp, "Referrer-Policy", "no-referrer");
	if (t->status == 503)
		reply_header(rp, "Retry-After", "10");
	page_begin(&p, rq, "error.cs", t->title);
	page_crumb(&p, t->title, NULL);
	node_set(p.root, "error.sentence", sentence);
	node_set(p.root, "error.advice",
	    link && t->status == 404 ? "Ask the person who sent you the link for a new one."
	                             : t->advice);
	node_flag(p.root, "error.link", link);
	if (*back != '\0')
		node_setf(p.root, "error.next", "?next=%s", url_encode(rq->arena, back));
	node_int(p.root, "error.status", t->status);
	if (page_send(rp, rq, &p, &e) == 0)
		return;
	/* The templates themselves are broken or missing. */
	log_line(LOG_ERROR, "page.error", "request %s: %s", rq->id, e.text);
	reply_text(rp, t->title, strlen(t->title));
}

void
page_refuse(struct reply *rp, const struct request *rq, int status, const char *sentence)
{
	send_trouble(rp, rq, trouble_of(status), sentence, "");
}

void
page_signed_out(struct reply *rp, const struct request *rq, const char *back)
{
	static const struct trouble out = { 403, "You are signed out",
		"Sign in in a new tab, then come back to this one and press the Back button of the"
		" browser: most browsers still have what you typed in the form." };

	send_trouble(rp, rq, &out,
	    "You were signed out in another tab, or your session has ended. Nothing was done.",
	    back);
}

static int
status_of(enum err_kind kind)
{
	static const int statuses[ERR_KINDS] = {
		[ERR_INTERNAL] = 500, [ERR_INPUT] = 422, [ERR_DENIED] = 403, [ERR_NOT_FOUND] = 404,
		[ERR_CONFLICT] = 409, [ERR_GONE] = 410, [ERR_TOO_MANY] = 429, [ERR_BUSY] = 503,
		[ERR_FULL] = 503, [ERR_DAMAGED] = 500, [ERR_CANCELLED] = 409, [ERR_FENCED] = 409,
	};

	return kind < ERR_KINDS ? statuses[kind] : 500;
}

/* Failures are worded for a log line; on a page they are a sentence. */
const char *
page_sentence(const struct request *rq, const char *text)
{
	size_t n = strlen(text);
	char *words;

	if (n == 0)
		return text;
	words =
	    arena_printf(rq->arena, "%s%s", text, strchr(".!?", text[n - 1]) != NULL ? "" : ".");
	if (words[0] >= 'a' && words[0] <= 'z')
		words[0] = (char)(words[0] - 'a' + 'A');
	return words;
}

void
page_error(struct reply *rp, const struct request *rq, const struct err *why)
{
	int status = status_of(why->kind);

	if (status >= 500)
		log_line(LOG_ERROR, "request.failed", "request %s: %s", rq->id, why->text);
	page_refuse(rp, rq, status,
	    status == 500 ? "The request failed. Nothing half-done is kept."
	                  : page_sentence(rq, why->text));
}
