/* vouch.c: whether a sidecar is what an instance wrote, told from the storage alone. */
#include "worker/job/vouch.h"

#include <string.h>

#include "lib/base/fd.h"
#include "worker/job/sign.h"

enum { PUBLIC_MAX = 4096 };

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

int
vouch_begin(struct vouch *v, struct err *e)
{
	if (dest_claim_owner(&v->owner, v->arena, v->dest, e) != 0)
		return -1;
	v->checks = v->by != NULL || *v->owner.signing_key != '\0';
	if (!v->checks)
		return 0;
	return (v->by != NULL ? named_key(&v->key, v, e)
	                      : minisign_read_public(&v->key, v->owner.signing_key, e)) == 0
	    ? 0 : err_in(e, "the signing key");
}

static int
without_signature(const char **said, const struct vouch *v, const char *key, struct err *e)
{
	if (!v->not_signed)
		return err_set(e, ERR_CONFLICT,
		    "'%s' is not signed, though there is a signing key: it was made before there"
		    " was one, or somebody has put it there. If you know it, add --unsigned",
		    key);
	*said = "not signed: nothing proves who wrote it";
	return 0;
}

int
vouch_sidecar(const char **said, const struct vouch *v, const char *key, const struct buf *text,
    struct err *e)
{
	unsigned char digest[MINISIGN_DIGEST];
	char id[MINISIGN_ID_TEXT];

	*said = "not checked: this storage names no signing key";
	if (!v->checks)
		return 0;
	minisign_hash_of(digest, text->p, text->n);
	if (sign_check(&(struct sign_check){ v->arena, v->dest, key, v->owner.instance, &v->key,
	        digest }, e) != 0)
		return e->kind == ERR_NOT_FOUND ? without_signature(said, v, key, e) : -1;
	minisign_id_text(id, v->key.id);
	*said = arena_printf(v->arena, "signed by %s%s", id,
	    v->by != NULL ? "" : ", which the storage itself names");
	return 0;
}
