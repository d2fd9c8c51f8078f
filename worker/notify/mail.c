/* mail.c: which mail is due about a job, and putting it into the outbox. */
#include "worker/notify/mail.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/model/job.h"
#include "lib/store/backups.h"
#include "lib/store/downloads.h"
#include "lib/store/outbox.h"
#include "lib/store/projects.h"
#include "lib/store/restores.h"
#include "lib/store/schedules.h"
#include "lib/store/secrets.h"
#include "lib/store/settings.h"
#include "lib/util/hash.h"
#include "lib/util/mime.h"
#include "lib/util/render.h"
#include "lib/util/smtp.h"
#include "worker/notify/letter.h"

enum { SENDER_MAX = 60 };     /* characters of our name in From */

/* The part behind the @ of our own address: ids are made of it. */
static const char *
domain_of(const struct conf *conf)
{
	const char *at = strrchr(conf->mail.from, '@');

	return at != NULL && at[1] != '\0' ? at + 1 : "localhost";
}

/* The same job, kind and recipient give the same id, and the outbox takes an id once. */
static char *
message_id(const struct letter *l, const char *recipient)
{
	char hash[HASH_HEX_SIZE];

	hash_of(hash, recipient, strlen(recipient));
	return arena_printf(l->arena, "%s.%s.%.8s@%s", l->kind, l->uuid, hash, domain_of(l->conf));
}

static int
build(struct buf *out, const struct letter *l, struct mime_mail *m, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT, html = BUF_INIT;
	char name[64];

	snprintf(name, sizeof name, "mail/%s.txt.cs", l->kind);
	if (render_text(&text, l->conf->templates, name, l->tree, e) != 0)
		return -1;
	snprintf(name, sizeof name, "mail/%s.html.cs", l->kind);
	if (render_html(&html, l->conf->templates, name, l->tree, e) != 0)
		return -1;
	m->text = text.p;
	m->html = html.p;
	return mime_build(out, m, e);
}

/* What lies in the catalogue, its log and its copies until the mail is sent: no link to be read. */
static int
seal(struct outbox_mail *mail, const struct letter *l, const struct buf *message, struct err *e)
{
	struct secrets_locked locked;

	if (secrets_lock(&locked, l->arena, l->db, message->p, e) != 0)
		return err_in(e, "seal a mail");
	mail->message = locked.sealed;
	mail->message_size = locked.sealed_size;
	mail->sealed_for = locked.sealed_for;
	return 0;
}

/* Render the letter for one recipient. Gives the mail's id, too. */
static int
compose(struct buf *message, char **id, const struct letter *l, const char *recipient,
    struct err *e)
{
	struct mime_mail m = { .from = l->conf->mail.from,
		.to = recipient,
		.subject = l->subject,
		.at = clock_now() };
	char *sender;

	if (settings_get(&sender, l->arena, l->db, "instance_name", e) != 0)
		return -1;
	m.from_name = *sender != '\0' ? letter_line(l, sender, SENDER_MAX) : "Lazarette";
	m.message_id = *id = message_id(l, recipient);
	m.in_reply_to = l->job_id != 0
	    ? arena_printf(l->arena, "job.%s@%s", l->uuid, domain_of(l->conf))
	    : NULL;
	node_set(tree_root(l->tree), "recipient", recipient);
	if (build(message, l, &m, e) != 0)
		return err_in(e, "mail %s", l->kind);
	return 0;
}

/* A fresh key to the files of a download: in the mail and, as a hash, in the catalogue. */
struct key {
	struct link link;
	char token[TOKEN_SIZE], hash[HASH_HEX_SIZE];
};

int
mail_make(struct outbox_mail *ret, const struct letter *l, const char *recipient, struct err *e)
{
	CLEANUP_BUF struct buf message = BUF_INIT;
	struct outbox_mail mail = { .kind = l->kind,
		.recipient = recipient,
		.subject = l->subject,
		.job = l->job_id };
	char *id;

	if (compose(&message, &id, l, recipient, e) != 0 || seal(&mail, l, &message, e) != 0)
		return -1;
	mail.message_id = id;
	*ret = mail;
	return 0;
}

static int
post_once(const struct letter *l, const char *recipient, struct key *key, struct err *e)
{
	struct outbox_mail mail;

	if (mail_make(&mail, l, recipient, e) != 0)
		return -1;
	if (key != NULL)
		return outbox_add_with_link(l->db, &mail, &key->link, key->hash, e);
	return outbox_add(l->db, &mail, e);
}

/* The key (or NULL) goes into the catalogue only when the whole message is there to go with it. It
 * is sealed once more when the key for that was changed meanwhile. */
static int
post_with(const struct letter *l, const char *recipient, struct key *key, struct err *e)
{
	if (post_once(l, recipient, key, e) == 0)
		return 0;
	return e->kind == ERR_BUSY ? post_once(l, recipient, key, e) : -1;
}

static int
post(const struct letter *l, const char *recipient, struct err *e)
{
	return post_with(l, recipient, NULL, e);
}

/* An address that is none must not keep the mail from the others. */
static int
post_if_one(const struct letter *l, const char *recipient, struct err *e)
{
	struct err one;

	if (post(l, recipient, &one) == 0 || one.kind == ERR_INPUT)
		return 0;
	*e = one;
	return -1;
}

static bool
among(char **list, size_t n, const char *address)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(list[i], address) == 0)
			return true;
	return false;
}

/* To each address of a list that people typed, once, except to `but` (or NULL), who has it. */
static int
post_to_each(const struct letter *l, const char *list, const char *but, struct err *e)
{
	char **told = arena_array(l->arena, strlen(list) + 1, sizeof *told);
	char *copy = arena_dup(l->arena, list), *next = NULL;
	size_t n = 0;

	for (char *at = strtok_r(copy, " \t\r\n,", &next); at != NULL;
	     at = strtok_r(NULL, " \t\r\n,", &next)) {
		if ((but != NULL && strcasecmp(at, but) == 0) || among(told, n, at))
			continue;
		told[n++] = at;
		if (post_if_one(l, at, e) != 0)
			return -1;
	}
	return 0;
}

static int
post_to_owners(const struct letter *l, const char *project, struct err *e)
{
	struct project p;

	if (projects_by_slug(&p, l->arena, l->db, project, e) != 0)
		return -1;
	return post_to_each(l, p.owners, NULL, e);
}

/* To whoever asked and to the watchers of the environment that the job works on. */
static int
post_to_watchers(const struct letter *l, const struct job *job, struct err *e)
{
	const char *asked = job->requested_by != 0 ? job->requested_name : NULL;
	struct environment v;

	if (environments_by_id(&v, l->arena, l->db, job->environment, e) != 0)
		return -1;
	if (asked != NULL && post_if_one(l, asked, e) != 0)
		return -1;
	node_flag(tree_root(l->tree), "watches", true);
	return post_to_each(l, v.watchers, asked, e);
}

/* -- one letter per kind -- */

static int
backup_ended(struct letter *l, const struct job *job, struct err *e)
{
	bool ready = job->state == JOB_SUCCEEDED;
	enum schedule_notify rule;
	struct backup backup;
	struct part *parts;
	size_t count;

	if (ready && (!job->mail_when_done || job->requested_by == 0))
		return 0;
	if (backups_by_id(&backup, l->arena, l->db, job->backup, e) != 0 ||
	    schedules_notify(&rule, l->db, backup.schedule, e) != 0)
		return -1;
	/* Who asks in person is always answered. */
	if (job->requested_by == 0 && rule == NOTIFY_NEVER)
		return 0;
	if (backups_parts(&parts, &count, l->arena, l->db, job->backup, e) != 0)
		return -1;
	if (ready) {
		letter_backup_ready(l, &backup, parts, count);
	} else {
		letter_about_backup(l, &backup);
		if (letter_failed(l, "backup_failed", "Backup", job, e) != 0)
			return -1;
	}
	if (job->requested_by == 0)
		return post_to_owners(l, job->project_slug, e);
	return post(l, job->requested_name, e);
}

static void
make_key(struct key *key, const struct download *d)
{
	rand_token(key->token);
	hash_of(key->hash, key->token, strlen(key->token));
	key->link = (struct link){ .download = d->id,
		.recipient = d->requested_name,
		.expires_at = d->expires_at,
		.max_uses = d->max_uses };
}

static int
download_ready(struct letter *l, const struct job *job, struct download *d, struct err *e)
{
	struct download_file *files;
	struct outbox_mail before;
	struct key key;
	size_t count;

	if (outbox_of_job(&before, l->arena, l->db, job->id, e) != 0)
		return -1;
	/* Asked again, or expired or revoked meanwhile: no second key. */
	if (before.id != 0 || d->state != DOWNLOAD_READY)
		return 0;
	/* Who asked for this mail may be another than who asked for the files first. */
	d->requested_name = job->requested_name;
	if (downloads_files(&files, &count, l->arena, l->db, d->id, e) != 0)
		return -1;
	make_key(&key, d);
	letter_download_ready(l, d, &key.link, key.token);
	for (size_t i = 0; i < count; i++)
		letter_add_file(l, &files[i], key.token);
	return post_with(l, job->requested_name, &key, e);
}

static int
download_ended(struct letter *l, const struct job *job, struct err *e)
{
	struct download d;

	if (job->requested_by == 0)
		return 0;
	if (downloads_by_id(&d, l->arena, l->db, job->download, e) != 0)
		return -1;
	if (job->state == JOB_SUCCEEDED)
		return download_ready(l, job, &d, e);
	letter_about_download(l, &d);
	if (letter_failed(l, "download_failed", "Download", job, e) != 0)
		return -1;
	return post(l, job->requested_name, e);
}

/* A restore and an undo always tell, whether somebody wanted a mail or not. */
static int
restore_ended(struct letter *l, const struct job *job, struct err *e)
{
	struct restore_part *parts;
	struct restore r;
	struct letter_restore what = { .job = job, .restore = &r };

	if (restores_by_id(&r, l->arena, l->db, job->restore, e) != 0 ||
	    restores_parts(&parts, &what.count, l->arena, l->db, r.id, e) != 0 ||
	    restores_way_back(&what.way, l->db, &r, e) != 0)
		return -1;
	what.parts = parts;
	if (job->state == JOB_SUCCEEDED)
		letter_restore_done(l, &what);
	else if (letter_restore_failed(l, &what, e) != 0)
		return -1;
	return post_to_watchers(l, job, e);
}

static int
test_ended(struct letter *l, const struct job *job, struct err *e)
{
	struct backup backup;

	if (backups_by_id(&backup, l->arena, l->db, job->backup, e) != 0 ||
	    letter_restore_tested(l, job, &backup, e) != 0)
		return -1;
	return post_to_watchers(l, job, e);
}

/* Who cancels a backup or a download knows it; what happened to a target concerns others, too. */
static int
ended(struct letter *l, const struct job *job, struct err *e)
{
	bool cancelled = job->state == JOB_CANCELLED;

	switch (job->kind) {
	case JOB_BACKUP:
		return cancelled ? 0 : backup_ended(l, job, e);
	case JOB_DOWNLOAD:
		return cancelled ? 0 : download_ended(l, job, e);
	case JOB_RESTORE:
	case JOB_UNDO:
	case JOB_SWITCH:
		return restore_ended(l, job, e);
	case JOB_TEST:
		return test_ended(l, job, e);
	case JOB_CHECK:
	case JOB_VERIFY:
	case JOB_PREVIEW:
	case JOB_TIDY:
	case JOB_RECONCILE:
	case JOB_PRUNE:
	case JOB_LIST:
	case JOB_COMPARE:
	case JOB_COPY:
	case JOB_PROVE:
	case JOB_REWRAP:
	case JOB_KINDS:
		break;
	}
	return 0;
}

int
mail_job_ended(struct db *db, const struct conf *conf, int64_t id, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TREE struct tree *tree = tree_new();
	struct letter l = { .db = db, .conf = conf, .arena = a, .tree = tree, .job_id = id };
	struct job job;

	if (jobs_by_id(&job, a, db, id, e) != 0)
		return err_in(e, "mail");
	if (!job_ended(job.state))
		return 0;
	l.uuid = job.uuid;
	letter_about_job(&l, &job);
	return ended(&l, &job, e) == 0 ? 0 : err_in(e, "mail about j%" PRId64, id);
}

int
mail_test(struct db *db, const struct conf *conf, const char *recipient, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TREE struct tree *tree = tree_new();
	CLEANUP_BUF struct buf message = BUF_INIT;
	char uuid[UUID_SIZE], *id;
	struct letter l = { .db = db, .conf = conf, .arena = a, .tree = tree, .kind = "test" };

	rand_uuid(uuid);
	l.uuid = uuid;
	letter_test(&l);
	if (compose(&message, &id, &l, recipient, e) != 0)
		return -1;
	return smtp_send(&conf->mail, &(struct mail){ id, recipient, message.p, message.n }, e);
}
