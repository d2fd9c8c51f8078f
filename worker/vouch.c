/* vouch.c: whether a sidecar is what an instance wrote, told from the storage alone. */
#include "worker/vouch.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/fd.h"
#include "worker/job/sign.h"

enum { OWNER_MAX = 64 << 10, PUBLIC_MAX = 4096 };

static void
json_drop(json_t **j)
{
	json_decref(*j);
}

/* What lazarette.json says; "" where it says nothing. */
struct owner {
	const char *instance, *signing_key;
};

static int
read_owner(struct owner *ret, const struct vouch *v, struct err *e)
{
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP(json_drop) json_t *j = NULL;
	const char *instance, *signing;
	int64_t bytes;
	ssize_t n;

	*ret = (struct owner){ "", "" };
	if (object_open_as_is(&o, &bytes, v->dest, "lazarette.json", e) != 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	if (bytes > OWNER_MAX)
		return err_set(e, ERR_DAMAGED, "'lazarette.json' is too long");
	n = object_read(o, 0, buf_room(&text, (size_t)bytes), (size_t)bytes, e);
	if (n < 0)
		return -1;
	buf_took(&text, (size_t)n);
	j = json_loadb(text.p, text.n, 0, NULL);
	instance = json_string_value(json_object_get(j, "instance_id"));
	signing = json_string_value(json_object_get(j, "signing_key"));
	if (instance != NULL)
		ret->instance = arena_dup(v->arena, instance);
	if (signing != NULL)
		ret->signing_key = arena_dup(v->arena, signing);
	return 0;
}

static int
named_key(struct minisign_public *ret, const struct vouch *v, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (strncmp(v->by, "RW", 2) == 0 && strlen(v->by) == MINISIGN_PUBLIC_TEXT - 1)
		return minisign_read_public(ret, v->by, e);
	if (fd_read_file(&text, v->by, PUBLIC_MAX, e) != 0)
		return -1;
	return minisign_read_public(ret, text.p, e) == 0 ? 0 : err_in(e, "'%s'", v->by);
}

static int
without_signature(const struct vouch *v, const char *key, struct err *e)
{
	if (!v->not_signed)
		return err_set(e, ERR_CONFLICT,
		    "'%s' is not signed, though this storage has a signing key: it was made before"
		    " there was one, or somebody has put it there. If you know it, add --unsigned",
		    key);
	printf("not signed: nothing proves who wrote it\n");
	return 0;
}

int
vouch_sidecar(const struct vouch *v, const char *key, const struct buf *text, struct err *e)
{
	unsigned char digest[MINISIGN_DIGEST];
	char id[MINISIGN_ID_TEXT];
	struct minisign_public by;
	struct owner owner;

	if (read_owner(&owner, v, e) != 0)
		return -1;
	if (v->by == NULL && *owner.signing_key == '\0')
		return 0;
	if ((v->by != NULL ? named_key(&by, v, e)
	                   : minisign_read_public(&by, owner.signing_key, e)) != 0)
		return err_in(e, "the signing key");
	minisign_hash_of(digest, text->p, text->n);
	if (sign_check(&(struct sign_check){ v->arena, v->dest, key, owner.instance, &by, digest },
	        e) != 0)
		return e->kind == ERR_NOT_FOUND ? without_signature(v, key, e) : -1;
	minisign_id_text(id, by.id);
	printf("signed by %s%s\n", id, v->by != NULL ? "" : ", which the storage itself names");
	return 0;
}
