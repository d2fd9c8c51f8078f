/* sftp.c: the files of one account of a server over SFTP. */
#include "lib/util/sftp.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/num.h"
#include "lib/util/sftp_talk.h"

int
sftp_new(struct sftp **ret, const struct sftp_place *at, struct err *e)
{
	if (*at->host_key == '\0')
		return err_set(e, ERR_DENIED, "nobody has confirmed the key of %s yet: test the "
		    "storage, and compare the key on its page", at->host);
	return sftp_talk_new(ret, at, e);
}

void
sftp_free(struct sftp *s)
{
	sftp_talk_free(s);
}

enum { PUT_TRIES = 3 };

static int
run(struct sftp *s, const struct sftp_order *o, struct err *e)
{
	struct sftp_talk t = { .s = s, .o = o };
	int tries;

	return sftp_talk_send(&t, &tries, NULL, e);
}

int
sftp_meet(char out[SFTP_KEY_TEXT], const struct sftp_place *at, struct err *e)
{
	const struct sftp_order o = { .path = "/" };
	struct sftp_talk t = { .o = &o, .s = sftp_talk_stranger(at) };
	int tries, rc;

	rc = sftp_talk_send(&t, &tries, NULL, e);
	sftp_free(t.s);
	if (*t.met == '\0')
		return rc != 0 ? -1 : err_set(e, ERR_BUSY, "%s showed no key", at->host);
	memcpy(out, t.met, SFTP_KEY_TEXT);
	return 0;
}

int
sftp_stat(int64_t *bytes, int64_t *changed_at, struct sftp *s, const char *path, struct err *e)
{
	const struct sftp_order o = { .path = path, .looks = true };
	struct sftp_talk t = { .s = s, .o = &o, .size = -1 };
	int tries;

	/* libcurl says -1 of an empty one, and of one whose size it could not ask for because the
	 * connection broke: then it cannot be asked twice. */
	for (int i = 0; i < 2 && t.size < 0; i++)
		if (sftp_talk_send(&t, &tries, NULL, e) != 0)
			return -1;
	*bytes = t.size < 0 ? 0 : t.size;
	if (changed_at != NULL)
		*changed_at = t.changed < 0 ? 0 : t.changed * 1000;
	return 0;
}

/*
 * A connection has broken in the middle of a piece. What the server still had of it may have come
 * to the file or not: go on where the file ends. Should something come even later, the file gets
 * too long, and that is noticed.
 */
static int
go_on(struct sftp_talk *t, struct err *e)
{
	const struct sftp_piece *put = t->o->put;
	int64_t there;

	t->again = false;
	t->skip = 0;
	/* What comes late then goes to a file that nobody will ever open again. */
	if (put->from == 0)
		return sftp_remove(t->s, put->path, e);
	if (sftp_stat(&there, NULL, t->s, put->path, e) != 0)
		return -1;
	if (there < put->from || there > put->from + (int64_t)put->n)
		return err_set(e, ERR_DAMAGED, "'%s' has %lld bytes after a connection broke, it "
		    "should have between %lld and %lld", put->path, (long long)there,
		    (long long)put->from, (long long)put->from + (long long)put->n);
	t->skip = (size_t)(there - put->from);
	return 0;
}

/* The protocol of today's servers has no word for a full disk. */
static int
look_for_room(struct sftp *s, const struct sftp_piece *put, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	const char *slash = strrchr(put->path, '/');
	char text[NUM_TEXT];
	struct err other;
	int64_t room;

	if (e->kind != ERR_BUSY || FAULT_CONTROL("sftp.unchecked") ||
	    sftp_space(&room, s, arena_dupn(a, put->path, (size_t)(slash - put->path)), &other) !=
	        0 || room < 0 || room >= (int64_t)put->n)
		return -1;
	num_size(text, room);
	return err_set(e, ERR_FULL, "the disk of %s is full: has %s", sftp_talk_host(s), text);
}

int
sftp_put(struct sftp *s, const struct sftp_piece *piece, struct err *e)
{
	const struct sftp_order o = { .path = piece->path, .put = piece };
	struct sftp_talk t = { .s = s, .o = &o };
	int64_t there = 0, all = piece->from + (int64_t)piece->n;
	int tries = 1;

	if (piece->n == 0 && piece->from > 0)
		return 0;
	/* libcurl may call a piece sent whose last bytes were lost with the connection. */
	for (int i = 0; i < PUT_TRIES; i++) {
		if (i > 0 && go_on(&t, e) != 0)
			return -1;
		if (sftp_talk_send(&t, &tries, go_on, e) != 0)
			return look_for_room(s, piece, e);
		if (FAULT_CONTROL("sftp.unchecked"))
			return 0;
		if (sftp_stat(&there, NULL, s, piece->path, e) != 0)
			return -1;
		if (there == all)
			return 0;
		if (there < piece->from || there > all)
			break;
	}
	return err_set(e, tries > 1 ? ERR_BUSY : ERR_DAMAGED,
	    "'%s' has %lld bytes there, it should have %lld%s", piece->path, (long long)there,
	    (long long)all, tries > 1 ? ": what a broken connection still had came too late" : "");
}

int
sftp_get(struct sftp *s, const struct sftp_piece *piece, char *into, struct err *e)
{
	const struct sftp_order o = { .path = piece->path, .get = piece, .into = into };

	return run(s, &o, e);
}

int
sftp_remove(struct sftp *s, const char *path, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	const struct sftp_order o = { .path = "/", .quotes = { arena_printf(a, "rm %s", path) } };
	struct err other;
	int64_t bytes;

	/* Twice, for libcurl calls a connection that broke in a command a refusal, too. */
	for (int i = 0; i < 2; i++) {
		if (run(s, &o, e) == 0)
			return 0;
		if (e->kind != ERR_CONFLICT)
			return -1;
		if (sftp_stat(&bytes, NULL, s, path, &other) == 0)
			continue;
		if (other.kind == ERR_NOT_FOUND)
			return 0;
		*e = other;
		return -1;
	}
	e->kind = ERR_DENIED;
	return -1;
}

int
sftp_rename(bool *unsure, struct sftp *s, const char *from, const char *to, bool over,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	const char *rename = arena_printf(a, "rename %s %s", from, to);
	const struct sftp_order plain = { .path = "/", .quotes = { rename } };
	const struct sftp_order both = { .path = "/",
		.quotes = { arena_printf(a, "*rm %s", to), rename } };
	struct sftp_talk t = { .s = s, .o = over ? &both : &plain };
	int tries, rc = sftp_talk_send(&t, &tries, NULL, e);

	/* libcurl calls a connection that broke in a command a refusal, too. */
	*unsure = tries > 1 ||
	    (rc != 0 && e->kind == ERR_CONFLICT && strstr(e->text, "No such file") == NULL);
	return rc;
}

int
sftp_space(int64_t *free_bytes, struct sftp *s, const char *folder, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf told = BUF_INIT;
	const struct sftp_order o = { .path = "/", .told = &told,
		.quotes = { arena_printf(a, "statvfs %s", folder) } };
	long long unit = 0, blocks = -1;

	*free_bytes = -1;
	if (run(s, &o, e) != 0)
		return e->kind == ERR_CONFLICT ? 0 : -1;
	for (char *at = told.p, *line; (line = strsep(&at, "\n")) != NULL;) {
		sscanf(line, "f_frsize: %lld", &unit);
		sscanf(line, "f_bavail: %lld", &blocks);
	}
	if (unit > 0 && blocks >= 0 && blocks <= INT64_MAX / unit)
		*free_bytes = unit * blocks;
	return 0;
}

int
sftp_list(struct sftp *s, const char *folder, sftp_each *fn, void *arg, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf text = BUF_INIT;
	const struct sftp_order o = { .path = arena_printf(a, "%s/", folder), .text = &text };
	int64_t now = clock_now();

	if (run(s, &o, e) != 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	for (char *at = text.p, *line; (line = strsep(&at, "\n")) != NULL;) {
		struct sftp_entry entry;

		if (!sftp_ls_read(&entry, line, now))
			continue;
		if (!entry.folder && (entry.bytes < 0 || entry.changed_at == 0) &&
		    sftp_stat(&entry.bytes, &entry.changed_at, s,
		        arena_printf(a, "%s/%s", folder, entry.name), e) != 0) {
			if (e->kind == ERR_NOT_FOUND)
				continue;
			return -1;
		}
		if (fn(arg, &entry, e) != 0)
			return -1;
	}
	return 0;
}
