/* postman.c: notices that go by mail, and the question whether an address wants them. */
#include "worker/notify/postman.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "lib/store/channels.h"
#include "lib/store/notices.h"
#include "lib/util/hash.h"
#include "worker/notify/letter.h"
#include "worker/notify/mail.h"

/* The job of "job:412:end"; 0: it does not tell of the end of one. */
static int64_t
job_of(struct arena *a, const char *source)
{
	static const char prefix[] = "job:", end[] = ":end";
	size_t n;
	int64_t id;

	if (strncmp(source, prefix, strlen(prefix)) != 0)
		return 0;
	source += strlen(prefix);
	n = strcspn(source, ":");
	if (strcmp(source + n, end) != 0 || !num_parse(&id, arena_dupn(a, source, n), 1, INT64_MAX))
		return 0;
	return id;
}

static int
compose(struct outbox_mail *ret, struct letter *l, const struct notice_due *due, struct err *e)
{
	char uuid[UUID_SIZE];
	struct notice n;

	if (notice_parse(&n, l->arena, due->row.body, e) != 0)
		return -1;
	/* Asked for again it is another mail; that it goes out once is the catalogue's work. */
	rand_uuid(uuid);
	l->uuid = uuid;
	letter_notice(l, &n, due->channel.name);
	return mail_make(ret, l, due->channel.target, e);
}

static int
deliver(struct db *db, const struct conf *conf, const struct notice_due *due, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TREE struct tree *tree = tree_new();
	struct letter l = { .db = db, .conf = conf, .arena = a, .tree = tree };
	struct outbox_mail mail = { .message = NULL };
	struct err why;
	char *told;

	if (notices_mail_of_job(&told, a, db, job_of(a, due->row.source), due->channel.target,
	        e) != 0)
		return -1;
	mail.message_id = told;
	if (*told == '\0' && compose(&mail, &l, due, &why) != 0) {
		if (why.kind == ERR_INPUT || why.kind == ERR_DAMAGED)
			return notices_tried(db, &due->row,
			    &(struct notice_outcome){ .error = why.text }, e);
		*e = why;
		return -1;
	}
	return notices_mailed(db, due->row.id, &mail, e);
}

static int
ask(struct db *db, const struct conf *conf, const struct channel *c, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TREE struct tree *tree = tree_new();
	struct letter l = { .db = db, .conf = conf, .arena = a, .tree = tree };
	char token[TOKEN_SIZE], hash[HASH_HEX_SIZE], uuid[UUID_SIZE];
	struct outbox_mail mail;
	struct err why;

	rand_token(token);
	hash_of(hash, token, strlen(token));
	rand_uuid(uuid);
	l.uuid = uuid;
	letter_confirm(&l, c->name, token);
	if (mail_make(&mail, &l, c->target, &why) == 0)
		return channels_ask(db, c->id, hash, &mail, e);
	/* Not an address: it would be asked in every turn. */
	if (why.kind == ERR_INPUT)
		return channels_enable(db, c->id, false, e);
	*e = why;
	return -1;
}

int
postman_step(struct db *db, const struct conf *conf, int64_t now, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct notice_due *due;
	struct channel *unasked;
	size_t count;

	if (notices_due_mail(&due, &count, a, db, now, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (deliver(db, conf, &due[i], e) != 0)
			return err_in(e, "notice by mail");
	if (channels_unasked(&unasked, &count, a, db, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (ask(db, conf, &unasked[i], e) != 0)
			return err_in(e, "ask an address");
	return 0;
}
