/* s3_word.c: what a storage says went wrong, and what follows from it. */
#include "lib/util/s3_word.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/rand.h"
#include "lib/base/utf8.h"
#include "lib/util/hash.h"
#include "lib/util/s3_xml.h"

enum { TEXT_MAX = 400, MD5_HEX = 32 };

struct found {
	struct s3_word *word;
	struct arena *arena;
	bool is_error;
};

static int
see(void *arg, const char *path, const char *text, struct err *e UNUSED)
{
	struct found *f = arg;
	char *clean = utf8_clean(f->arena, text, strlen(text));

	if (strcmp(path, "Error/Code") == 0 || strcmp(path, "ErrorResponse/Error/Code") == 0)
		f->word->code = clean;
	if (strcmp(path, "Error/Message") == 0 || strcmp(path, "ErrorResponse/Error/Message") == 0)
		f->word->text = clean;
	if (strcmp(path, "Error/Region") == 0)
		f->word->region = clean;
	f->is_error = f->is_error || strcmp(path, "Error") == 0 || strncmp(path, "Error/", 6) == 0
	    || strcmp(path, "ErrorResponse") == 0;
	return 0;
}

bool
s3_word_read(struct s3_word *w, struct arena *a, const char *p, size_t n)
{
	struct found f = { .word = w, .arena = a };
	struct err e;

	w->code = w->text = "";
	/* What is no XML has no words of the storage's: its status has to do. */
	if (n > 0 && s3_xml_read(p, n, see, &f, &e) != 0 && !f.is_error)
		return false;
	return f.is_error;
}

static bool
is_one(const char *code, const char *const *of)
{
	for (; *of != NULL; of++)
		if (strcmp(code, *of) == 0)
			return true;
	return false;
}

bool
s3_word_again(const struct s3_word *w)
{
	static const char *const passing[] = { "SlowDown", "InternalError", "ServiceUnavailable",
		"RequestTimeout", "OperationAborted", "ServerBusy", "RequestLimitExceeded",
		"BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", NULL };

	return w->status == 429 || w->status == 500 || (w->status >= 502 && w->status <= 504) ||
	    is_one(w->code, passing);
}

static enum err_kind
kind_of(const struct s3_word *w)
{
	static const char *const full[] = { "QuotaExceeded", "XMinioStorageFull",
		"InsufficientStorage", "NoSpaceLeft", "TotalBucketSizeExceeded", NULL };

	if (w->status == 507 || is_one(w->code, full))
		return ERR_FULL;
	if (s3_word_again(w) || w->status == 409)
		return ERR_BUSY;
	if (w->status == 404)
		return strcmp(w->code, "NoSuchBucket") == 0 ? ERR_INPUT : ERR_NOT_FOUND;
	return w->status == 401 || w->status == 403 ? ERR_DENIED : ERR_INPUT;
}

static bool
is_locked(const struct s3_word *w)
{
	static const char *const locked[] = { "ObjectLocked", "ObjectUnderRetention",
		"FileImmutable", NULL };

	return w->removes && (is_one(w->code, locked) || strcasestr(w->text, "WORM") != NULL ||
	    strcasestr(w->text, "object lock") != NULL || strcasestr(w->text, "retention") != NULL
	    || strcasestr(w->text, "legal hold") != NULL);
}

/* What to do about it, where we know. */
static const char *
advice(const struct s3_word *w)
{
	static const char *const keys[] = { "InvalidAccessKeyId", "SignatureDoesNotMatch",
		"InvalidSecurity", NULL };
	static const char *const elsewhere[] = { "PermanentRedirect", "TemporaryRedirect",
		"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", NULL };

	if (kind_of(w) == ERR_FULL)
		return ". It is full, or its quota is used up: make room";
	if (strcmp(w->code, "RequestTimeTooSkewed") == 0)
		return ". The clock of this machine and that of the storage differ: set this one "
		       "right (timedatectl)";
	if (is_one(w->code, keys))
		return ". Check the key id and the secret key";
	if (is_one(w->code, elsewhere) || (w->status >= 300 && w->status < 400))
		return ". Check the endpoint and the region";
	if (strcmp(w->code, "NoSuchBucket") == 0)
		return ". Make the bucket first, or check its name";
	if (w->status == 401 || w->status == 403)
		return ". Check the key, and what it may do in the bucket";
	return "";
}

int
s3_word_say(const struct s3_word *w, struct err *e)
{
	char words[TEXT_MAX];
	size_t n = utf8_cut(w->text, sizeof words - 1);

	while (n > 0 && (w->text[n - 1] == '.' || w->text[n - 1] == '\n' || w->text[n - 1] == ' '))
		n--;
	snprintf(words, sizeof words, "%.*s", (int)n, w->text);
	if (is_locked(w))
		return err_set(e, ERR_CONFLICT,
		    "the object is locked and may not be removed yet: %s answered %d %s%s%s",
		    w->host, w->status, w->code, *words ? ": " : "", words);
	return err_set(e, kind_of(w), "%s answered %d%s%s%s%s%s%s%s", w->host, w->status,
	    *w->code != '\0' ? " " : "", w->code, *words != '\0' ? ": " : "", words,
	    *w->region != '\0' ? "; the bucket is in " : "", w->region, advice(w));
}

bool
s3_word_differs(const char *etag, const char *md5_hex, const char *encryption)
{
	if (strlen(etag) != MD5_HEX || strspn(etag, "0123456789abcdefABCDEF") != MD5_HEX)
		return false;
	if (*encryption != '\0' && strcmp(encryption, "AES256") != 0)
		return false;
	return strcasecmp(etag, md5_hex) != 0;
}

bool
s3_word_other_sha256(const char *base64, const char *hex)
{
	enum { BASE64 = 44 };
	unsigned char raw[HASH_SIZE + 1];
	char got[HASH_HEX_SIZE];

	/* "…-3" is a hash of the parts' hashes: it says nothing of these bytes. */
	if (strlen(base64) != BASE64)
		return false;
	if (EVP_DecodeBlock(raw, (const unsigned char *)base64, BASE64) != HASH_SIZE + 1)
		return false;
	rand_hex(got, raw, HASH_SIZE);
	return strcmp(got, hex) != 0;
}
