/* on_link.c: the public pages behind the links in mails. */
#include "cgi/handle/on_link.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/find.h"
#include "cgi/page/show_link.h"
#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "lib/store/accounts.h"
#include "lib/store/downloads.h"
#include "lib/util/hash.h"

static bool
is_token(const char *text)
{
	return strlen(text) == TOKEN_SIZE - 1 &&
	    strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
	    TOKEN_SIZE - 1;
}

/* The link with its files and how often each was fetched. *dead: it is known, but no longer works.
 */
static int
gather(struct link_view *view, bool *dead, const struct request *rq, struct err *e)
{
	struct link *link = arena_alloc(rq->arena, sizeof *link);
	struct download *d = arena_alloc(rq->arena, sizeof *d);
	struct download_file *files;
	struct link_file *shown;
	char hash[HASH_HEX_SIZE];

	view->token = rq->args[0];
	view->public_url = rq->conf->public_url;
	view->now = rq->now;
	view->link = link;
	view->download = d;
	*dead = false;
	if (!is_token(rq->args[0]))
		return find_no_link(rq, e);
	hash_of(hash, rq->args[0], strlen(rq->args[0]));
	if (links_find(link, d, rq->arena, rq->db, hash, e) != 0) {
		*dead = e->kind == ERR_GONE;
		return *dead ? 0 : e->kind == ERR_NOT_FOUND ? find_no_link(rq, e) : -1;
	}
	if (downloads_allowed(rq->db, d->environment, e) != 0 ||
	    downloads_files(&files, &view->count, rq->arena, rq->db, d->id, e) != 0)
		return -1;
	shown = arena_array(rq->arena, view->count + 1, sizeof *shown);
	for (size_t i = 0; i < view->count; i++) {
		struct link_state state;

		if (links_state(&state, rq->db, link->id, files[i].id, e) != 0)
			return -1;
		shown[i] = (struct link_file){ &files[i], state.uses };
	}
	view->files = shown;
	return 0;
}

/* Keep only the file that the address names, if it names one. */
static int
narrow(struct link_view *view, const struct request *rq, struct err *e)
{
	const char *word = rq->args[1];
	int64_t wanted;

	if (word == NULL)
		return 0;
	for (size_t i = 0;
	     num_parse(&wanted, word + (*word == 'f'), 1, INT64_MAX) && i < view->count; i++) {
		if (view->files[i].file->id == wanted) {
			view->files += i;
			view->count = 1;
			return 0;
		}
	}
	return err_set(e, ERR_NOT_FOUND, "This link has no such file.");
}

static bool
all_spent(const struct link_view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		if (view->files[i].uses < view->link->max_uses)
			return false;
	}
	return view->count > 0;
}

static int
send_gone(struct reply *rp, const struct request *rq, const struct link_view *view, bool used_up,
    struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	page_begin(&p, rq, "link_gone.cs", "This link no longer works");
	show_link_gone(&p, view, used_up);
	rp->status = 410;
	return page_send(rp, rq, &p, e);
}

int
on_link_page(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct link_view view = { .count = 0 };
	bool dead;

	if (gather(&view, &dead, rq, e) != 0)
		return -1;
	if (dead)
		return send_gone(rp, rq, &view, false, e);
	if (narrow(&view, rq, e) != 0)
		return -1;
	if (all_spent(&view))
		return send_gone(rp, rq, &view, true, e);
	page_begin(&p, rq, "link.cs",
	    arena_printf(rq->arena, "Download from %s/%s", view.download->project_slug,
	        view.download->environment_slug));
	show_link_page(&p, rq->arena, &view);
	return page_send(rp, rq, &p, e);
}

int
on_link_file(struct reply *rp, struct request *rq, struct err *e)
{
	struct link_view view = { .count = 0 };
	const struct download_file *f;
	bool dead;

	if (gather(&view, &dead, rq, e) != 0)
		return -1;
	if (dead)
		return send_gone(rp, rq, &view, false, e);
	if (narrow(&view, rq, e) != 0)
		return -1;
	if (view.count != 1)
		return err_set(e, ERR_NOT_FOUND, "This link has no such file.");
	if (rq->args[2] != NULL && strcmp(rq->args[2], view.files[0].file->name) != 0)
		return err_set(e, ERR_NOT_FOUND, "This link has no such file.");
	if (all_spent(&view))
		return send_gone(rp, rq, &view, true, e);
	/* A use is counted by what nginx reports as delivered, not here. */
	f = view.files[0].file;
	return reply_file(rp, rq, f->path, f->name,
	    arena_printf(rq->arena, "%" PRId64 ":%" PRId64, view.link->id, f->id));
}
