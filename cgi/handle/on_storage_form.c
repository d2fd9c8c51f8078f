/* on_storage_form.c: adding a storage, changing one, and taking one off the list. */
#include "cgi/handle/on_storage_form.h"

#include <string.h>

#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/complaints.h"
#include "cgi/page/page.h"
#include "cgi/page/show_storage.h"
#include "lib/base/num.h"
#include "lib/model/storage.h"
#include "lib/store/findings.h"
#include "lib/store/projects.h"
#include "lib/store/secrets.h"

enum { SECRET_MAX = 1000, PRIVATE_KEY_MAX = 16000 };

enum { SSH_PORT = 22 };

struct form {
	struct storage s;             /* as the form has it; sealed only with a new secret */
	bool is_new, had_secret;
	const char *write_rate, *read_rate;   /* as they were typed; NULL: no form came */
	struct complaints wrong;
};

/* A private key as ssh-keygen writes it, with the line ends of a file; or a password as it is. */
static const char *
server_secret(struct form *f, const struct request *rq, const char *secret)
{
	/* Base64 of "openssh-key-v1", then the name of the cipher: "none". */
	static const char begin[] = "-----BEGIN ", openssh[] = "OPENSSH PRIVATE KEY-----\n",
	                  plain[] = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU";
	char *key, *to;

	if (strlen(secret) > PRIVATE_KEY_MAX)
		complaints_add(&f->wrong, "secret", "It is longer than 16000 bytes");
	if (*secret == '\0' || strcmp(f->s.server.auth, "key") != 0)
		return secret;
	to = key = arena_alloc(rq->arena, strlen(secret) + 2);
	for (secret += strspn(secret, " \r\n"); *secret != '\0'; secret++)
		if (*secret != '\r')
			*to++ = *secret;
	while (to > key && (to[-1] == '\n' || to[-1] == ' '))
		to--;
	memcpy(to, "\n", 2);
	if (strncmp(key, begin, strlen(begin)) != 0 || strstr(key, "PRIVATE KEY-----\n") == NULL)
		complaints_add(&f->wrong, "secret",
		    "Give the whole private key: the file that ssh-keygen wrote, "
		    "not the one that ends in .pub");
	else if (strstr(key, "ENCRYPTED") != NULL ||
	    (strstr(key, openssh) != NULL && strstr(key, plain) == NULL))
		complaints_add(&f->wrong, "secret",
		    "The key has a passphrase, and nobody will be there to type "
		    "it: make one without (ssh-keygen -t ed25519 -N '')");
	return key;
}

/* Lock the secret up at once; from here on nothing of this process can read it. An empty field
 * changes nothing. */
static int
seal_secret(struct form *f, const struct request *rq, struct err *e)
{
	const char *secret = request_field(rq, "secret");
	struct secrets_locked locked;

	f->s.sealed = NULL;
	f->s.sealed_size = 0;
	if (!storage_is_remote(&f->s))
		return 0;
	if (storage_is_server(&f->s))
		secret = server_secret(f, rq, secret);
	else if (strlen(secret) > SECRET_MAX)
		complaints_add(&f->wrong, "secret", "The secret key is longer than 1000 bytes");
	if (*secret == '\0' && !f->had_secret)
		complaints_add(&f->wrong, "secret", storage_is_server(&f->s)
		    ? "Give the private key or the password" : "Give the secret key");
	if (*secret == '\0' || f->wrong.count > 0)
		return 0;
	if (secrets_lock(&locked, rq->arena, rq->db, secret, e) != 0)
		return err_in(e, "lock the secret key up");
	f->s.sealed = locked.sealed;
	f->s.sealed_size = locked.sealed_size;
	f->s.sealed_for = locked.sealed_for;
	return 0;
}

static void
read_rates(struct form *f, const struct request *rq)
{
	static const char sentence[] = "Use a number with its unit, such as 10 MiB/s, and at least "
	                               "64 KiB/s; or leave it empty";

	f->write_rate = request_field(rq, "write_rate");
	f->read_rate = request_field(rq, "read_rate");
	if (!storage_parse_rate(&f->s.write_rate, f->write_rate))
		complaints_add(&f->wrong, "write_rate", sentence);
	if (!storage_parse_rate(&f->s.read_rate, f->read_rate))
		complaints_add(&f->wrong, "read_rate", sentence);
}

static int
read_form(struct form *f, const struct request *rq, struct err *e)
{
	const char *had_auth = f->had_secret ? f->s.server.auth : "";

	if (f->is_new)
		f->s.slug = request_field(rq, "slug");
	f->s.path = request_field(rq, "path");
	f->s.bucket = (struct storage_bucket){
		.endpoint = request_field(rq, "endpoint"), .region = request_field(rq, "region"),
		.bucket = request_field(rq, "bucket"), .prefix = request_field(rq, "prefix"),
		.style = request_field(rq, "style"),
		.storage_class = request_field(rq, "storage_class"),
		.encryption = request_field(rq, "encryption"),
		.key_id = request_field(rq, "key_id"),
	};
	f->s.server.host = request_field(rq, "host");
	if (!num_parse(&f->s.server.port, request_field(rq, "port"), 0, INT32_MAX))
		f->s.server.port = 0;
	f->s.server.login = request_field(rq, "login");
	f->s.server.folder = request_field(rq, "folder");
	f->s.server.auth = request_field(rq, "auth");
	f->wrong.count = storage_check(f->wrong.items, rq->arena, &f->s);
	read_rates(f, rq);
	/* What is stored is of the other kind. */
	if (strcmp(had_auth, f->s.server.auth) != 0 && storage_is_server(&f->s))
		f->had_secret = false;
	return seal_secret(f, rq, e);
}

static int
send_form(struct reply *rp, const struct request *rq, const struct form *f, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	page_begin(&p, rq, "storage_form.cs", f->is_new
	    ? arena_printf(rq->arena, "Add %s",
	        storage_is_bucket(&f->s) ? "an S3 bucket" :
	        storage_is_server(&f->s) ? "an SFTP server" : "a folder")
	    : arena_printf(rq->arena, "Settings of storage %s", f->s.slug));
	page_crumb(&p, "Storage", "/storage");
	if (!f->is_new)
		page_crumb(&p, f->s.slug, arena_printf(rq->arena, "/storage/%s", f->s.slug));
	page_crumb(&p, f->is_new ? "Add" : "Settings", NULL);
	show_storage_form(&p, &f->s);
	if (f->write_rate != NULL) {
		node_set(p.root, "write_rate.value", f->write_rate);
		node_set(p.root, "read_rate.value", f->read_rate);
	}
	node_flag(p.root, "new", f->is_new);
	node_flag(p.root, "secret.stored", f->had_secret);
	if (f->wrong.count > 0)
		page_errors(&p, rp, f->wrong.items, f->wrong.count);
	return page_send(rp, rq, &p, e);
}

static int
send_kinds(struct reply *rp, const struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };

	page_begin(&p, rq, "storage_new.cs", "Add a storage");
	page_crumb(&p, "Storage", "/storage");
	page_crumb(&p, "Add", NULL);
	return page_send(rp, rq, &p, e);
}

/* "local", "s3" or "sftp", as a constant; NULL for anything else. */
static const char *
known_kind(const char *text)
{
	static const char *const kinds[] = { "local", "s3", "sftp" };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(text, kinds[i]) == 0)
			return kinds[i];
	return NULL;
}

int
on_storage_form_new(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .is_new = true };

	f.s.kind = known_kind(request_query(rq, "kind"));
	if (f.s.kind == NULL)
		return send_kinds(rp, rq, e);
	f.s.slug = f.s.path = "";
	f.s.bucket = (struct storage_bucket){ "", "", "", "", "path", "", "", "" };
	f.s.server = (struct storage_server){ "", SSH_PORT, "", "", "key", "", "" };
	return send_form(rp, rq, &f, e);
}

/* Saved: to its page, with a test of it queued if that was asked for. A test hangs on an
 * environment; without one it has to wait. */
static int
leave(struct reply *rp, const struct request *rq, const struct form *f, struct err *e)
{
	const struct job_request jr = { .key = find_key(rq),
		.requested_by = rq->session != NULL ? rq->session->account.id : 0 };
	const char *said = "saved";
	struct err why;
	int64_t job;

	if (trail_add(rq, &(struct event){
	        .action = f->is_new ? "storage.added" : "storage.changed",
	        .target = f->s.slug, .detail = f->s.path }, e) != 0)
		return -1;
	if (strcmp(request_field(rq, "then"), "test") == 0) {
		if (findings_request_test(&job, rq->db, &jr, f->s.id, &why) == 0) {
			said = "testing";
		} else if (why.kind != ERR_CONFLICT) {
			*e = why;
			return -1;
		}
	}
	return reply_see_other(rp, "/storage/%s?said=%s", f->s.slug, said);
}

int
on_storage_form_create(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .is_new = true };
	struct storage there;
	struct err why;

	f.s.kind = known_kind(request_field(rq, "kind"));
	if (f.s.kind == NULL)
		return err_set(e, ERR_INPUT, "choose the kind of the storage");
	if (read_form(&f, rq, e) != 0)
		return -1;
	if (f.wrong.count > 0)
		return send_form(rp, rq, &f, e);
	if (storages_add(&f.s, rq->db, &why) == 0)
		return leave(rp, rq, &f, e);
	if (why.kind != ERR_CONFLICT) {
		*e = why;
		return -1;
	}
	/* The button was pressed twice. */
	if (storages_by_slug(&there, rq->arena, rq->db, f.s.slug, e) == 0 &&
	    strcmp(there.path, f.s.path) == 0 && find_repeated(rq, there.created_at))
		return reply_see_other(rp, "/storage/%s?said=saved", f.s.slug);
	complaints_add(&f.wrong, "slug", why.text);
	return send_form(rp, rq, &f, e);
}

static int
find(struct form *f, const struct request *rq, struct err *e)
{
	if (storages_by_slug(&f->s, rq->arena, rq->db, rq->args[0], e) != 0)
		return -1;
	f->had_secret = f->s.sealed != NULL;
	return 0;
}

int
on_storage_form_edit(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .is_new = false };

	if (find(&f, rq, e) != 0)
		return -1;
	return send_form(rp, rq, &f, e);
}

int
on_storage_form_save(struct reply *rp, struct request *rq, struct err *e)
{
	struct form f = { .is_new = false };
	struct storage newer;
	struct err why;

	if (find(&f, rq, e) != 0 || read_form(&f, rq, e) != 0)
		return -1;
	/* What the person saw when the form was opened. */
	if (!num_parse(&f.s.revision, request_field(rq, "revision"), 1, INT64_MAX))
		return err_set(e, ERR_INPUT, "the form is not whole; open it again");
	if (f.wrong.count > 0)
		return send_form(rp, rq, &f, e);
	if (storages_update(&f.s, rq->db, &why) == 0)
		return leave(rp, rq, &f, e);
	if (why.kind != ERR_CONFLICT) {
		*e = why;
		return -1;
	}
	/* It comes back with the newer revision, so that who has read this may replace it. */
	if (storages_by_slug(&newer, rq->arena, rq->db, rq->args[0], e) != 0)
		return -1;
	f.s.revision = newer.revision;
	complaints_add(&f.wrong, "",
	    arena_printf(rq->arena,
	        "Somebody changed this storage while you edited: "
	        "it is now %s. Your values are below; Save replaces theirs.",
	        newer.path));
	if (*request_field(rq, "secret") != '\0')
		complaints_add(&f.wrong, "secret", "Enter it again: it was not saved");
	return send_form(rp, rq, &f, e);
}

int
on_storage_form_remove(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct storage s;

	if (storages_by_slug(&s, rq->arena, rq->db, rq->args[0], e) != 0)
		return -1;
	if (rq->method == METHOD_POST) {
		if (storages_remove(rq->db, &s, e) != 0)
			return err_in(e, "Storage %s stays", s.slug);
		if (trail_add(rq, &(struct event){ .action = "storage.removed", .target = s.slug,
		        .detail = s.path }, e) != 0)
			return -1;
		return reply_see_other(rp, "/storage?said=removed");
	}
	page_begin(&p, rq, "storage_remove.cs", arena_printf(rq->arena, "Remove %s", s.slug));
	page_crumb(&p, "Storage", "/storage");
	page_crumb(&p, s.slug, arena_printf(rq->arena, "/storage/%s", s.slug));
	page_crumb(&p, "Remove", NULL);
	show_storage_form(&p, &s);
	return page_send(rp, rq, &p, e);
}
