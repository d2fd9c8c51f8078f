/* show_storage.c: where backups lie, and whether all of it is there. */
#include "cgi/page/show_storage.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/page/mark.h"
#include "lib/base/num.h"
#include "lib/model/storage.h"

/* What its last look found, in one word. */
static void
state(struct node *n, const struct findings_storage *s)
{
	if (s->checked_at == 0)
		mark_state(n, "state", "Not looked through yet", "queued", "idle");
	else if (s->missing > 0)
		mark_state(n, "state", "Something is missing", "failed", "bad");
	else if (s->damaged > 0)
		mark_state(n, "state", "Something is damaged", "failed", "bad");
	else if (s->unknown > 0)
		mark_state(n, "state", "All there, and more", "warning", "warn");
	else
		mark_state(n, "state", "All there", "ok", "good");
}

void
show_storage_row(struct node *n, const struct findings_storage *s, int64_t now)
{
	node_set(n, "name", s->storage.slug);
	node_setf(n, "href", "/storage/%s", s->storage.slug);
	node_set(n, "kind", storage_kind_title(&s->storage));
	node_flag(n, "bucket", storage_is_remote(&s->storage));
	node_set(n, "path", s->storage.path);
	page_size(n, "used", s->storage.used_bytes);
	mark_count(n, "backups", s->backups);
	state(n, s);
	page_time(n, "checked", s->checked_at, now);
	if (s->checked_at == 0)
		return;
	if (s->free_bytes >= 0)
		page_size(n, "free", s->free_bytes);
	page_size(n, "bytes", s->bytes);
	mark_count(n, "objects", s->objects);
	mark_count(n, "missing", s->missing);
	mark_count(n, "damaged", s->damaged);
	mark_count(n, "unknown", s->unknown);
}

static void
finding(struct node *n, const struct finding *f, int64_t now)
{
	node_set(n, "path", f->path);
	node_set(n, "text", f->text);
	page_time(n, "found", f->found_at, now);
	if (f->backup != 0) {
		mark_id(n, "backup", NAME_BACKUP, f->backup);
		node_setf(n, "href", "/b/b%" PRId64, f->backup);
	}
	switch (f->kind) {
	case FINDING_MISSING:
		mark_state(n, "state", "Missing", "failed", "bad");
		return;
	case FINDING_DAMAGED:
		mark_state(n, "state", "Damaged", "failed", "bad");
		return;
	case FINDING_UNKNOWN:
	case FINDINGS:
		break;
	}
	mark_state(n, "state", "Unknown", "warning", "warn");
}

/* What a job about it has come to: id, href, state, error, busy, at (when it ended). */
static void
add_job(struct page *p, struct node *n, const struct job *j, int64_t now)
{
	mark_id(n, "id", NAME_JOB, j->id);
	node_setf(n, "href", "/j/j%" PRId64, j->id);
	mark_job(n, j);
	node_set(n, "error", j->state == JOB_FAILED ? j->error : NULL);
	node_flag(n, "busy", !job_ended(j->state));
	page_time(n, "at", j->finished_at, now);
	if (!job_ended(j->state))
		node_set(p->root, "page.refresh", "10");
}

static void
show_rates(struct node *n, const struct storage *s)
{
	char text[STORAGE_RATE_TEXT];

	storage_rate_text(text, s->write_rate);
	node_set(n, "write_rate.value", text);
	storage_rate_text(text, s->read_rate);
	node_set(n, "read_rate.value", text);
}

/* Backups that have their first place here can be moved; what is left is told. */
static void
moves(struct page *p, struct node *n, const struct storage_view *view)
{
	const struct copy_counts *c = &view->counts;

	if (c->first == 0 || view->storage_count < 2)
		return;
	mark_count(n, "move.first", c->first);
	if (c->only_here > 0)
		mark_count(n, "move.only", c->only_here);
	if (c->moving > 0) {
		mark_count(n, "move.moving", c->moving);
		node_set(p->root, "page.refresh", "10");
	}
	for (size_t i = 0; i < view->storage_count; i++) {
		const struct storage *s = &view->storages[i];
		struct node *to;

		if (s->id == view->storage->storage.id)
			continue;
		to = node_add(n, "move.to");
		node_setf(to, "label", "Move to %s", s->slug);
		node_setf(to, "act", "/storage/%s/move/%s", view->storage->storage.slug, s->slug);
	}
}

static void
duration(struct node *n, const char *name, int64_t ms)
{
	char text[NUM_TEXT];

	num_duration(text, ms);
	node_set(n, name, text);
}

/* What the last proof of recovery has come to: at, backups, rebuild, equal, id, href, took, way,
 * text. */
static void
add_proof(struct node *n, const struct storage_view *view)
{
	const struct proof *proof = view->proof;

	if (view->prove_minute >= 0)
		node_setf(n, "nightly", "%02d:%02d", (int)(view->prove_minute / 60),
		    (int)(view->prove_minute % 60));
	if (proof->at == 0)
		return;
	page_time(n, "at", proof->at, view->now);
	mark_count(n, "backups", proof->backups);
	node_flag(n, "one", proof->backups == 1);
	duration(n, "rebuild", proof->rebuild_ms);
	node_flag(n, "equal", proof->differences == 0);
	node_set(n, "way", proof->way);
	node_set(n, "text", *proof->text != '\0' ? proof->text : NULL);
	if (proof->sample == 0)
		return;
	mark_id(n, "id", NAME_BACKUP, proof->sample);
	node_setf(n, "href", "/b/b%" PRId64, proof->sample);
	duration(n, "took", proof->sample_ms);
}

void
show_storage_page(struct page *p, const struct storage_view *view)
{
	const struct findings_storage *s = view->storage;
	int64_t all = s->missing + s->damaged + s->unknown;
	struct node *n = node_at(p->root, "storage");

	show_storage_row(n, s, view->now);
	node_flag(n, "encrypted", s->storage.encrypted);
	node_set(n, "recipient", *view->recipient == '\0' ? NULL : view->recipient);
	node_set(n, "recovery", *view->recovery == '\0' ? NULL : view->recovery);
	for (size_t i = 0; i < view->count; i++)
		finding(node_add(n, "findings"), &view->items[i], view->now);
	if (all > (int64_t)view->count)
		mark_count(n, "unshown", all - (int64_t)view->count);
	node_set(n, "tested", *s->storage.test_text != '\0' ? s->storage.test_text : NULL);
	node_set(n, "warning", *s->storage.test_warning != '\0' ? s->storage.test_warning : NULL);
	show_rates(n, &s->storage);
	if (storage_is_server(&s->storage)) {
		const struct storage_server *v = &s->storage.server;

		node_set(n, "host_key", *v->host_key != '\0' ? v->host_key : NULL);
		node_set(n, "met", *v->host_key_met != '\0' ? v->host_key_met : NULL);
	}
	node_flag(n, "clean", s->checked_at > 0 && all == 0);
	node_flag(n, "full_list", s->unknown >= FINDINGS_UNKNOWN);
	moves(p, n, view);
	if (view->job != NULL)
		add_job(p, node_at(n, "job"), view->job, view->now);
	if (view->test != NULL)
		add_job(p, node_at(n, "test"), view->test, view->now);
	if (view->prove != NULL)
		add_job(p, node_at(n, "prove"), view->prove, view->now);
	if (view->rewrap != NULL)
		add_job(p, node_at(n, "rewrap"), view->rewrap, view->now);
	add_proof(node_at(n, "proof"), view);
}

struct choice {
	const char *value, *text;
};

static void
choices(struct page *p, const char *name, const struct choice *of, const char *chosen)
{
	for (; of->value != NULL; of++) {
		struct node *n = node_add(p->root, name);

		node_set(n, "value", of->value);
		node_set(n, "text", of->text);
		node_flag(n, "on", strcmp(of->value, chosen) == 0);
	}
}

void
show_storage_form(struct page *p, const struct storage *s)
{
	static const struct choice styles[] = {
		{ "path", "in the path: https://s3.example.org/bucket" },
		{ "virtual", "in the host's name: https://bucket.s3.example.org" },
		{ NULL, NULL },
	};
	static const struct choice encryptions[] = {
		{ "", "as the bucket is set" },
		{ "AES256", "AES256: with keys of the service" },
		{ "aws:kms", "aws:kms: with the key management of AWS" },
		{ NULL, NULL },
	};
	static const struct choice auths[] = {
		{ "key", "with a private key" },
		{ "password", "with a password" },
		{ NULL, NULL },
	};
	const struct storage_bucket *b = &s->bucket;
	const struct storage_server *v = &s->server;
	const struct {
		const char *name, *value;
	} fields[] = {
		{ "slug.value", s->slug }, { "kind.value", s->kind }, { "path.value", s->path },
		{ "endpoint.value", b->endpoint }, { "region.value", b->region },
		{ "bucket.value", b->bucket }, { "prefix.value", b->prefix },
		{ "key_id.value", b->key_id }, { "storage_class.value", b->storage_class },
		{ "host.value", v->host }, { "login.value", v->login },
		{ "folder.value", v->folder },
	};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		node_set(p->root, fields[i].name, fields[i].value);
	node_setf(p->root, "href", "/storage/%s", s->slug);
	node_int(p->root, "revision", s->revision);
	node_flag(p->root, "s3", storage_is_bucket(s));
	node_flag(p->root, "sftp", storage_is_server(s));
	if (v->port > 0)
		node_int(p->root, "port.value", v->port);
	show_rates(p->root, s);
	choices(p, "auths", auths, v->auth);
	choices(p, "styles", styles, b->style);
	choices(p, "encryptions", encryptions, b->encryption);
}
