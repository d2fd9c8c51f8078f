/* on_channel_form.c: adding a channel, and changing one. */
#include "cgi/handle/on_channel_form.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/find.h"
#include "cgi/handle/on_channel.h"
#include "cgi/page/complaints.h"
#include "cgi/page/show_channel.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/store/notices.h"
#include "lib/store/secrets.h"
#include "lib/util/hooksign.h"
#include "lib/util/http.h"

enum { TOKEN_MAX = 200, TAIL = 4, TAIL_OF = 12 };

struct form {
	struct channel_place at;
	struct channel_form typed;
	struct channel c;             /* as it will be stored */
	const struct channel *stored; /* NULL: a new one */
	struct complaints wrong;
};

static bool
of_instance(const struct form *f)
{
	return f->at.of.at.level == LEVEL_INSTANCE;
}

/* -- reading -- */

static void
read_events(struct form *f, const struct request *rq)
{
	const char **values;
	size_t count = request_fields(&values, rq, "event");
	enum notice_event event;

	for (size_t i = 0; i < count; i++)
		if (notice_event_parse(&event, values[i]) &&
		    notice_suits(f->c.kind, event, of_instance(f)))
			f->typed.events |= notice_bit(event);
	if (f->typed.events == 0)
		complaints_add(&f->wrong, "events", "Choose at least one event");
}

/* The end of a secret address tells two of them apart and opens nothing. */
static char *
shown(const struct request *rq, const char *host, const char *url)
{
	size_t n = strlen(url);
	const char *path = strstr(url, "://") + 3;

	path += strcspn(path, "/");
	return strlen(path) >= TAIL_OF ? arena_printf(rq->arena, "%s …%s", host, url + n - TAIL)
	                               : arena_dup(rq->arena, host);
}

static void
check_secret(struct form *f, const struct request *rq)
{
	const char *secret = f->typed.secret;
	struct err why;

	if (f->c.kind == CHANNEL_WEBHOOK && hooksign_check(secret, &why) != 0)
		complaints_add(&f->wrong, "secret", arena_dup(rq->arena, why.text));
	if (f->c.kind != CHANNEL_NTFY)
		return;
	for (const char *p = secret; *p != '\0'; p++)
		if (*p <= 0x20 || *p >= 0x7f || p - secret >= TOKEN_MAX) {
			complaints_add(&f->wrong, "secret",
			    "A token has no spaces and at most 200 characters");
			return;
		}
}

/* Would a message for it come about? ntfy wants a topic at the end. */
static int
check_shape(const struct form *f, const struct request *rq, struct err *why)
{
	struct notice probe = { .event = NOTICE_TEST, .title = "", .text = "", .url = "",
		.backup_uuid = "" };
	struct notice_message m;

	return notice_message(&m, rq->arena, f->c.kind, f->typed.url, &probe, why);
}

/* Lock up what opens the channel; from here on nothing of this process can read it. */
static int
seal_url(struct form *f, const struct request *rq, const char *host, struct err *e)
{
	bool with = f->c.kind == CHANNEL_WEBHOOK || f->c.kind == CHANNEL_NTFY;
	struct secrets_locked locked;

	if (secrets_lock(&locked, rq->arena, rq->db,
	        arena_printf(rq->arena, "%s\n%s", f->typed.url, with ? f->typed.secret : ""),
	        e) != 0)
		return err_in(e, "lock the address up");
	f->c.sealed = locked.sealed;
	f->c.sealed_size = locked.sealed_size;
	f->c.sealed_for = locked.sealed_for;
	f->c.target = shown(rq, host, f->typed.url);
	return 0;
}

static int
read_url(struct form *f, const struct request *rq, struct err *e)
{
	size_t before = f->wrong.count;
	struct err why;
	char *host;

	f->c.sealed = NULL;
	f->c.sealed_size = 0;
	if (f->stored != NULL && *f->typed.url == '\0') {
		if (*f->typed.secret != '\0')
			complaints_add(&f->wrong, "url",
			    "Enter the address again, too: it is locked up together "
			    "with the secret");
		return 0;
	}
	if (http_check_url(&host, rq->arena, f->typed.url, &why) != 0 ||
	    check_shape(f, rq, &why) != 0) {
		complaints_add(&f->wrong, "url", arena_dup(rq->arena, why.text));
		return 0;
	}
	check_secret(f, rq);
	return f->wrong.count > before ? 0 : seal_url(f, rq, host, e);
}

static int
read_form(struct form *f, const struct request *rq, struct err *e)
{
	struct err why;

	f->typed = (struct channel_form){ request_field(rq, "name"), request_field(rq, "target"),
		request_field(rq, "url"), request_field(rq, "secret"), 0 };
	f->c.name = f->typed.name;
	if (name_check_title("Name", f->c.name, &why) != 0)
		complaints_add(&f->wrong, "name", arena_dup(rq->arena, why.text));
	if (f->c.kind == CHANNEL_MAIL) {
		f->c.target = f->typed.target;
		if (name_check_email(f->c.target, &why) != 0)
			complaints_add(&f->wrong, "target", arena_dup(rq->arena, why.text));
	} else if (read_url(f, rq, e) != 0) {
		return -1;
	}
	read_events(f, rq);
	f->c.events = f->typed.events;
	return 0;
}

/* -- answering -- */

static int
show_stored(struct page *p, const struct request *rq, const struct form *f, struct err *e)
{
	struct notice_filter filter = { f->at.of.at, f->stored->id, 0 };
	struct channel_off *off;
	struct notice_row *rows;
	size_t count, off_count;

	if (notices_list(&rows, &count, rq->arena, rq->db, &filter, e) != 0 ||
	    channels_off_below(&off, &off_count, rq->arena, rq->db, &f->at.of.at, f->stored->id,
	        e) != 0)
		return -1;
	show_channel_row(node_at(p->root, "channel"), f->stored, f->at.base);
	show_channel_off(node_at(p->root, "channel"), f->stored, off, off_count, rq->now);
	show_channel_log(p, rows, count, f->at.base, rq->now);
	/* A page that reloads itself would take away what somebody types. */
	if (rq->method == METHOD_POST)
		node_set(p->root, "page.refresh", NULL);
	return 0;
}

static int
send_form(struct reply *rp, const struct request *rq, const struct form *f, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	if (on_channel_begin(&p, rq, &f->at,
	        &(struct channel_page){ "channel.cs", f->stored != NULL ? f->stored->name
	            : arena_printf(rq->arena, "Add: %s", notice_kind_title(f->c.kind)) }, e) != 0)
		return -1;
	show_channel_form(&p, f->c.kind, &f->typed, f->stored, of_instance(f));
	if (f->stored != NULL && show_stored(&p, rq, f, e) != 0)
		return -1;
	if (f->wrong.count > 0)
		page_errors(&p, rp, f->wrong.items, f->wrong.count);
	return page_send(rp, rq, &p, e);
}

/* All that is trouble, and its end. */
static notice_set
usual_events(enum channel_kind kind, bool instance)
{
	notice_set set = 0;

	for (int i = 0; i < NOTICE_CHOICES; i++) {
		enum notice_event event = (enum notice_event)i;
		bool quiet = event == NOTICE_BACKUP_READY || event == NOTICE_RESTORE_DONE;

		if (notice_suits(kind, event, instance) && event != NOTICE_WORKER_SILENT &&
		    (!quiet || kind == CHANNEL_HEALTHCHECKS))
			set |= notice_bit(event);
	}
	return set;
}

int
on_channel_form_new(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct form f = { .wrong = { .count = 0 } };

	if (on_channel_place(&f.at, rq, e) != 0)
		return -1;
	if (!notice_kind_parse(&f.c.kind, request_query(rq, "kind"))) {
		if (on_channel_begin(&p, rq, &f.at,
		        &(struct channel_page){ "channel_new.cs", "Add a channel" }, e) != 0)
			return -1;
		show_channel_kinds(&p, f.at.base);
		return page_send(rp, rq, &p, e);
	}
	f.typed = (struct channel_form){ notice_kind_title(f.c.kind), "", "",
		f.c.kind == CHANNEL_WEBHOOK ? hooksign_secret(rq->arena) : "",
		usual_events(f.c.kind, of_instance(&f)) };
	return send_form(rp, rq, &f, e);
}

/* The same channel, added a moment ago: the button was pressed twice. An address that is locked up
 * cannot be compared, but its end can. */
static int
find_twin(int64_t *ret, const struct form *f, const struct request *rq, struct err *e)
{
	struct channel *list;
	size_t count;

	*ret = 0;
	if (channels_list(&list, &count, rq->arena, rq->db, &f->at.of.at, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (list[i].kind == f->c.kind && strcmp(list[i].name, f->c.name) == 0 &&
		    strcmp(list[i].target, f->c.target) == 0 &&
		    list[i].events == f->c.events && find_repeated(rq, list[i].created_at))
			*ret = list[i].id;
	return 0;
}

int
on_channel_form_create(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .wrong = { .count = 0 } };
	int64_t twin;

	if (on_channel_place(&f.at, rq, e) != 0)
		return -1;
	if (!notice_kind_parse(&f.c.kind, request_field(rq, "kind")))
		return err_set(e, ERR_INPUT, "choose the kind of the channel");
	if (read_form(&f, rq, e) != 0)
		return -1;
	if (f.wrong.count > 0)
		return send_form(rp, rq, &f, e);
	f.c.project = f.at.of.project.id;
	f.c.environment = f.at.of.environment.id;
	if (find_twin(&twin, &f, rq, e) != 0)
		return -1;
	if (twin != 0)
		return reply_see_other(rp, "%s/%" PRId64 "?said=created", f.at.base, twin);
	if (channels_add(&f.c, rq->db, e) != 0 ||
	    on_channel_note(rq, &f.at, "channel.added", &f.c, e) != 0)
		return -1;
	return reply_see_other(rp, "%s/%" PRId64 "?said=created", f.at.base, f.c.id);
}

int
on_channel_form_edit(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .wrong = { .count = 0 } };
	struct channel stored;

	if (on_channel_place(&f.at, rq, e) != 0 || on_channel_find(&stored, rq, &f.at, e) != 0)
		return -1;
	f.c = stored;
	f.stored = &stored;
	f.typed = (struct channel_form){ stored.name, stored.target, "", "", stored.events };
	return send_form(rp, rq, &f, e);
}

int
on_channel_form_save(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .wrong = { .count = 0 } };
	struct channel stored;
	struct err why;

	if (on_channel_place(&f.at, rq, e) != 0 || on_channel_find(&stored, rq, &f.at, e) != 0)
		return -1;
	f.c = stored;
	f.stored = &stored;
	if (read_form(&f, rq, e) != 0)
		return -1;
	if (!num_parse(&f.c.revision, request_field(rq, "revision"), 1, INT64_MAX))
		f.c.revision = stored.revision;
	if (f.wrong.count > 0)
		return send_form(rp, rq, &f, e);
	if (channels_update(&f.c, rq->db, &why) != 0) {
		if (why.kind != ERR_CONFLICT) {
			*e = why;
			return -1;
		}
		complaints_add(&f.wrong, "",
		    "Somebody changed this channel while you edited. Your values are"
		    " below; Save replaces theirs.");
		return send_form(rp, rq, &f, e);
	}
	if (on_channel_note(rq, &f.at, "channel.changed", &f.c, e) != 0)
		return -1;
	return reply_see_other(rp, "%s/%" PRId64 "?said=saved", f.at.base, stored.id);
}
