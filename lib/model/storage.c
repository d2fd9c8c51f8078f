/* storage.c: what a storage's settings must be. */
#include "lib/model/storage.h"

#include <string.h>

#include "lib/model/name.h"
#include "lib/util/http.h"

enum { PATH_LONGEST = 1000, PREFIX_LONGEST = 200, KEY_LONGEST = 200, WORD_LONGEST = 40 };

static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char words[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

struct faults {
	struct field_error *out;
	size_t count;
	struct arena *arena;
};

bool
storage_is_bucket(const struct storage *s)
{
	return strcmp(s->kind, "s3") == 0;
}

const char *
storage_kind_title(const struct storage *s)
{
	return storage_is_bucket(s) ? "S3 bucket" : "Folder";
}

static void
complain(struct faults *f, const char *field, const char *text)
{
	if (f->count < STORAGE_ERRORS_MAX)
		f->out[f->count++] = (struct field_error){ field, text };
}

/* Without spaces around it and without slashes at its end. */
static const char *
tidy(struct arena *a, const char *text)
{
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n > 0 && strchr("/ \t", text[n - 1]) != NULL)
		n--;
	return arena_dupn(a, text, n);
}

static void
check_slug(struct faults *f, const struct storage *s)
{
	struct err why;

	if (name_check_slug(s->slug, &why) != 0)
		complain(f, "slug", arena_dup(f->arena, why.text));
	else if (strcmp(s->slug, "new") == 0)
		complain(f, "slug", "\"new\" is a word of this console; choose another");
}

static void
check_folder(struct faults *f, struct storage *s)
{
	s->path = tidy(f->arena, s->path);
	s->bucket = (struct storage_bucket){ "", "", "", "", "", "", "", "" };
	if (s->path[0] != '/')
		complain(f, "path", "Give the whole path of a folder on this server, such as "
		    "/mnt/backups");
	else if (strlen(s->path) > PATH_LONGEST)
		complain(f, "path", "The path is longer than 1000 bytes");
	else if (strstr(s->path, "//") != NULL || strstr(s->path, "/./") != NULL ||
	    strstr(arena_printf(f->arena, "%s/", s->path), "/../") != NULL)
		complain(f, "path", "Give the path without //, . and ..");
}

static void
check_endpoint(struct faults *f, const struct storage_bucket *b)
{
	struct err why;

	if (*b->endpoint == '\0')
		complain(f, "endpoint", "Give the address of the service, such as "
		    "https://s3.eu-central-1.amazonaws.com");
	else if (http_check_url(NULL, f->arena, b->endpoint, &why) != 0)
		complain(f, "endpoint", arena_dup(f->arena, why.text));
	else if (strpbrk(b->endpoint, "?#") != NULL)
		complain(f, "endpoint", "The address must end before ? and #");
}

static void
check_bucket_name(struct faults *f, const struct storage_bucket *b)
{
	size_t n = strlen(b->bucket);

	if (n < 3 || n > 63 || strspn(b->bucket, words) != n || strchr(lower, b->bucket[0]) == NULL
	    || strchr(lower, b->bucket[n - 1]) == NULL)
		complain(f, "bucket", "A bucket's name has 3 to 63 of a–z, 0–9, dots and dashes");
	else if (strcmp(b->style, "virtual") == 0 && strchr(b->bucket, '.') != NULL &&
	    strncmp(b->endpoint, "https", 5) == 0)
		complain(f, "style", "No certificate fits a bucket with dots in the host's name: "
		    "choose the path");
}

/* The same letters as in the keys below it. */
static void
check_prefix(struct faults *f, const struct storage_bucket *b)
{
	bool bad = strlen(b->prefix) > PREFIX_LONGEST;

	for (const char *p = b->prefix; *p != '\0' && !bad;) {
		size_t n = strcspn(p, "/");

		bad = n == 0 || *p == '.' || strspn(p, words) < n;
		p += n + (p[n] == '/');
	}
	if (bad)
		complain(f, "prefix", "Use at most 200 of a–z, A–Z, 0–9, dots, dashes, underscores "
		    "and single slashes; no part begins with a dot");
}

static void
check_word(struct faults *f, const char *field, const char *value, const char *sentence)
{
	if (strlen(value) > WORD_LONGEST || strspn(value, words) != strlen(value))
		complain(f, field, sentence);
}

static void
check_key_id(struct faults *f, const struct storage_bucket *b)
{
	size_t n = strlen(b->key_id);
	bool bad = n == 0 || n > KEY_LONGEST;

	for (const char *p = b->key_id; *p != '\0' && !bad; p++)
		bad = (unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || *p == '/' ||
		    *p == ',';
	if (bad)
		complain(f, "key_id", "Give the key id as the service shows it, without spaces");
}

static void
check_bucket(struct faults *f, struct storage *s)
{
	static const char *const encryptions[] = { "", "AES256", "aws:kms" };
	struct storage_bucket *b = &s->bucket;
	bool known = false;

	b->endpoint = tidy(f->arena, b->endpoint);
	b->region = tidy(f->arena, b->region);
	b->bucket = tidy(f->arena, b->bucket);
	b->prefix = tidy(f->arena, b->prefix + strspn(b->prefix, " /"));
	b->storage_class = tidy(f->arena, b->storage_class);
	b->key_id = tidy(f->arena, b->key_id);
	if (*b->region == '\0')
		b->region = "us-east-1";
	check_endpoint(f, b);
	check_word(f, "region", b->region, "A region is a word such as eu-central-1");
	if (strcmp(b->style, "path") != 0 && strcmp(b->style, "virtual") != 0)
		complain(f, "style", "Choose where the bucket's name stands");
	check_bucket_name(f, b);
	check_prefix(f, b);
	check_key_id(f, b);
	check_word(f, "storage_class", b->storage_class,
	    "A storage class is a word such as STANDARD_IA");
	for (size_t i = 0; i < sizeof encryptions / sizeof *encryptions; i++)
		known = known || strcmp(b->encryption, encryptions[i]) == 0;
	if (!known)
		complain(f, "encryption", "Choose an encryption of the service, or none");
	s->path = arena_printf(f->arena, "%s/%s%s%s", b->endpoint, b->bucket,
	    *b->prefix != '\0' ? "/" : "", b->prefix);
}

size_t
storage_check(struct field_error out[STORAGE_ERRORS_MAX], struct arena *a, struct storage *s)
{
	struct faults f = { out, 0, a };

	check_slug(&f, s);
	if (storage_is_bucket(s))
		check_bucket(&f, s);
	else
		check_folder(&f, s);
	return f.count;
}
