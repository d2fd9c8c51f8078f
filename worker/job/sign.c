/* sign.c: signatures of stored objects. */
#include "worker/job/sign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/store/settings.h"
#include "worker/job/keys.h"

enum { STEP = 256 << 10 };

bool
sign_wanted(const struct plan *p)
{
	return p->keys != NULL && *p->keys->signing != '\0';
}

char *
sign_key_for(struct arena *a, const char *key)
{
	return arena_printf(a, "%s" SIGN_ENDING, key);
}

static int
public_key(struct minisign_public *ret, const struct plan *p, struct err *e)
{
	return minisign_read_public(ret, p->keys->signing, e) == 0
	    ? 0 : err_in(e, "the signing key in the catalogue");
}

char *
sign_key_id(struct plan *p)
{
	struct minisign_public k;
	char id[MINISIGN_ID_TEXT] = "";
	struct err ignored;

	if (sign_wanted(p) && public_key(&k, p, &ignored) == 0)
		minisign_id_text(id, k.id);
	return arena_dup(p->arena, id);
}

/* -- making -- */

static int
signing_key(struct minisign_secret *ret, struct plan *p, struct err *e)
{
	const char *file = keys_sign_file(p->arena, p->conf);
	struct minisign_public ours, known;

	if (public_key(&known, p, e) != 0)
		return -1;
	if (minisign_read_secret(ret, file, e) != 0)
		return e->kind == ERR_NOT_FOUND
		    ? err_set(e, ERR_CONFLICT, "the key that signs backups is missing: put '%s'"
		        " back from your copy", file)
		    : -1;
	minisign_public_of(&ours, ret);
	if (memcmp(&ours, &known, sizeof ours) != 0)
		return err_set(e, ERR_CONFLICT, "'%s' is not the signing key of this catalogue: put"
		    " the right one back", file);
	return 0;
}

/* All but the time. */
static char *
bound_to(struct arena *a, const char *instance, const char *key)
{
	return arena_printf(a, "lazarette instance=%s key=%s time=", instance, key);
}

static int
put(struct plan *p, const char *key, const unsigned char digest[MINISIGN_DIGEST], struct err *e)
{
	CLEANUP_MINISIGN struct minisign_secret k = { .id = { 0 } };
	CLEANUP_UPLOAD struct upload *up = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	char now[CLOCK_ISO_SIZE], *instance;

	if (signing_key(&k, p, e) != 0 ||
	    settings_get(&instance, p->arena, p->db, "instance_id", e) != 0)
		return -1;
	clock_iso(now, clock_now());
	if (minisign_sign(&text, &k, digest,
	        arena_printf(p->arena, "%s%s", bound_to(p->arena, instance, key), now), e) != 0 ||
	    dest_begin(&up, p->dest, sign_key_for(p->arena, key), p->lease.fence, e) != 0 ||
	    upload_write(up, text.p, text.n, e) != 0 || plan_still_ours(p, e) != 0)
		return -1;
	FAULT("sign.before_commit");
	return upload_commit(&up, e);
}

int
sign_bytes(struct plan *p, const char *key, const struct buf *bytes, struct err *e)
{
	unsigned char digest[MINISIGN_DIGEST];

	minisign_hash_of(digest, bytes->p, bytes->n);
	return put(p, key, digest, e) == 0 ? 0 : err_in(e, "sign '%s'", key);
}

static void
free_buffer(unsigned char **p)
{
	free(*p);
}

/* Both hashes of what lies there, in one reading. */
static int
read_object(unsigned char digest[MINISIGN_DIGEST], char sha256[HASH_HEX_SIZE], struct plan *p,
    const char *key, struct err *e)
{
	CLEANUP(free_buffer) unsigned char *buffer = xmalloc(STEP);
	CLEANUP_MINISIGN_HASH struct minisign_hash *blake = minisign_hash_new();
	CLEANUP_HASH struct hash *sha = hash_new();
	CLEANUP_OBJECT struct object *o = NULL;
	int64_t bytes, at = 0;
	ssize_t n;

	if (object_open_as_is(&o, &bytes, p->dest, key, e) != 0)
		return -1;
	while ((n = object_read(o, at, buffer, STEP, e)) > 0) {
		hash_add(sha, buffer, (size_t)n);
		minisign_hash_add(blake, buffer, (size_t)n);
		at += n;
	}
	if (n < 0)
		return -1;
	hash_hex(sha, sha256);
	minisign_hash_end(blake, digest);
	return 0;
}

int
sign_object(struct plan *p, const struct stored_object *o, struct err *e)
{
	unsigned char digest[MINISIGN_DIGEST];
	char sha256[HASH_HEX_SIZE];

	if (read_object(digest, sha256, p, o->key, e) != 0)
		return err_in(e, "sign '%s'", o->key);
	if (strcmp(sha256, o->stored_sha256) != 0)
		return err_set(e, ERR_DAMAGED, "'%s' differs from what was written", o->key);
	return put(p, o->key, digest, e) == 0 ? 0 : err_in(e, "sign '%s'", o->key);
}

/* -- checking -- */

/* What a comment says behind this word. */
static char *
said(struct arena *a, const char *comment, const char *word)
{
	const char *found = strstr(comment, word);

	found = found != NULL ? found + strlen(word) : "";
	return arena_dupn(a, found, strcspn(found, " "));
}

static int
judge_comment(const struct sign_check *what, const char *comment, struct err *e)
{
	const char *bound = bound_to(what->arena, what->instance, what->key), *key, *instance;

	if (strncmp(comment, bound, strlen(bound)) == 0)
		return 0;
	instance = said(what->arena, comment, " instance=");
	key = said(what->arena, comment, " key=");
	if (strcmp(instance, what->instance) != 0)
		return err_set(e, ERR_DAMAGED,
		    "'%s' was signed for another Lazarette (%.60s): it does not belong here",
		    what->key, instance);
	return err_set(e, ERR_DAMAGED,
	    "'%s' was signed as '%.300s': it was moved, renamed or put into another's place",
	    what->key, key);
}

int
sign_check(const struct sign_check *what, struct err *e)
{
	const char *key = sign_key_for(what->arena, what->key);
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct minisign_check check = { what->by, what->digest, NULL };
	char *comment;
	int64_t bytes;
	ssize_t n;

	if (FAULT_CONTROL("signature.unchecked"))
		return 0;
	if (object_open_as_is(&o, &bytes, what->dest, key, e) != 0)
		return -1;
	if (bytes > MINISIGN_SIGNATURE_MAX)
		return err_set(e, ERR_DAMAGED, "'%s' is no signature", key);
	n = object_read(o, 0, buf_room(&text, (size_t)bytes), (size_t)bytes, e);
	if (n < 0)
		return -1;
	buf_took(&text, (size_t)n);
	check.text = text.p;
	if (minisign_verify(&comment, what->arena, &check, e) != 0)
		return err_in(e, "'%s'", what->key);
	return judge_comment(what, comment, e);
}

int
sign_check_object(struct plan *p, const char *key, struct err *e)
{
	unsigned char digest[MINISIGN_DIGEST];
	char sha256[HASH_HEX_SIZE], *instance;
	struct minisign_public by;

	if (read_object(digest, sha256, p, key, e) != 0 || public_key(&by, p, e) != 0 ||
	    settings_get(&instance, p->arena, p->db, "instance_id", e) != 0)
		return -1;
	return sign_check(&(struct sign_check){ p->arena, p->dest, key, instance, &by, digest }, e);
}
