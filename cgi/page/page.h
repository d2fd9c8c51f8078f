/* page.h: the frame of every page, and what forms have in common.
 *
 * What stands where in the tree (head.cs, foot.cs and macros.cs read it):
 *   page.title            the h1, and the first words of <title>
 *   page.place            "shop/live", when the h1 says "Backups of shop/live"
 *   page.csrf, page.key   for the hidden fields of forms: call:secret()
 *   page.user.*           email, name; absent when nobody is signed in
 *   page.may.<right>      "1" when the person has that right: backup, restore, download, delete,
 *                         configure, administer
 *   page.icons            URL of the symbols, for <use>
 *   page.env.*            project, project_name, slug, name, kind, paused, href (page_environment)
 *   <field>.value         what a form shows in that field; <field>.error the sentence beside it
 */
#ifndef CGI_PAGE_PAGE_H
#define CGI_PAGE_PAGE_H

#include <stddef.h>

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/project.h"
#include "lib/util/render.h"

struct page {
	struct tree *tree;
	struct node *root;            /* tree_root(tree) */
	const char *template;         /* "backups.cs" */
	const char *title;            /* of the <title>; the handler's h1 is page.title */
};

/*
 * Begin a page: fills what head.cs and foot.cs need (page.title, user, csrf, idempotency key, now,
 * zone, version, request id, assets, flash from ?said=…). The tree belongs to the page; page_freep
 * frees it.
 */
void page_begin(struct page *p, const struct request *rq, const char *template, const char *title);
void page_freep(struct page *p);
#define CLEANUP_PAGE CLEANUP(page_freep)

/* One more crumb; the last has no link (href NULL). */
void page_crumb(struct page *p, const char *text, const char *href);
/* Crumbs, head line and tabs of an environment's pages; `tab` is overview, backups, restores,
 * downloads, schedule, retention, services, activity, settings. */
void page_environment(struct page *p, const struct request *rq, const struct environment *v,
    const char *tab);
/* The "Command line" disclosure: the exact command for this page (curl until the API is there). */
void page_command(struct page *p, const char *command);

/* Form faults: the box "There is a problem" with links, and <field>.error beside each; sets status
 * 422 and "Error: " in the title. A fault whose field is "" belongs to the form as a whole. */
void page_errors(struct page *p, struct reply *rp, const struct field_error *errors, size_t count);

/* A time in one cell: <name>.iso, <name>.date, <name>.ago; nothing when ms is 0. */
void page_time(struct node *n, const char *name, int64_t ms, int64_t now);
/* A size: <name>.text and <name>.bytes. */
void page_size(struct node *n, const char *name, int64_t bytes);

/* The words of a failure, as a sentence for a page. */
const char *page_sentence(const struct request *rq, const char *text);
/* Render with status 200 (or the one set) into the reply. */
MUST_USE int page_send(struct reply *rp, const struct request *rq, struct page *p, struct err *e);
/* The error page for a failure: status by kind, the sentence, the request id; 500 shows no inner
 * words. */
void page_error(struct reply *rp, const struct request *rq, const struct err *why);
/* The page for a form that was sent without a session. Signing in leads to `back`, the form's page.
 */
void page_signed_out(struct reply *rp, const struct request *rq, const char *back);
/* The error page of a status that no kind of failure stands for: 400, 405, 413, 415. */
void page_refuse(struct reply *rp, const struct request *rq, int status, const char *sentence);

#endif
