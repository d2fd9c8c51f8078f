/* show_link.c: the public page of a download link. */
#include "cgi/page/show_link.h"

#include <inttypes.h>

#include "cgi/page/show_download.h"
#include "lib/base/num.h"

static void
facts(struct page *p, const struct link_view *view)
{
	const struct download *d = view->download;

	node_set(p->root, "project", d->project_slug);
	node_set(p->root, "environment", d->environment_slug);
	node_set(p->root, "note", *d->note == '\0' ? NULL : d->note);
	node_set(p->root, "requester", d->requested_name);
	page_time(p->root, "taken", d->taken_at, view->now);
	page_time(p->root, "expires", view->link->expires_at, view->now);
	node_int(p->root, "max_uses", view->link->max_uses);
}

void
show_link_page(struct page *p, struct arena *a, const struct link_view *view)
{
	facts(p, view);
	for (size_t i = 0; i < view->count; i++) {
		const struct link_file *f = &view->files[i];
		struct node *n = node_add(p->root, "files");

		show_download_file(n, f->file);
		node_setf(n, "action", "/dl/%s/%" PRId64, view->token, f->file->id);
		node_int(n, "left",
		    view->link->max_uses > f->uses ? view->link->max_uses - f->uses : 0);
		node_flag(n, "spent", f->uses >= view->link->max_uses);
	}
	/* The one command of this page that works with nothing but the link. */
	if (view->count > 0)
		page_command(p,
		    arena_printf(a, "curl -fOJ -X POST '%s/dl/%s/%" PRId64 "'", view->public_url,
		        view->token, view->files[0].file->id));
}

void
show_link_gone(struct page *p, const struct link_view *view, bool used_up)
{
	char date[NUM_TEXT];

	facts(p, view);
	node_setf(p->root, "again", "/b/b%" PRId64 "/download", view->download->backup);
	if (used_up) {
		node_setf(p->root, "gone",
		    "This link has been used as often as it may be (%" PRId64 " download%s).",
		    view->link->max_uses, view->link->max_uses == 1 ? "" : "s");
	} else if (view->link->revoked_at != 0 || view->download->state == DOWNLOAD_REVOKED) {
		node_set(p->root, "gone", "This link was revoked.");
	} else {
		num_date(date, view->link->expires_at);
		node_setf(p->root, "gone", "This link expired on %s UTC.", date);
	}
}
