/* storage.c: what a storage's settings must be. */
#include "lib/model/storage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/util/http.h"

enum { HOST_LONGEST = 253, PORT_MAX = 65535 };
enum { PATH_LONGEST = 1000, PREFIX_LONGEST = 200, KEY_LONGEST = 200, WORD_LONGEST = 40 };

static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char words[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

static const struct storage_server no_server = { "", 0, "", "", "", "", "" };

struct faults {
	struct field_error *out;
	size_t count;
	struct arena *arena;
};

bool
storage_is_server(const struct storage *s)
{
	return strcmp(s->kind, "sftp") == 0;
}

bool
storage_is_remote(const struct storage *s)
{
	return storage_is_bucket(s) || storage_is_server(s);
}

bool
storage_is_bucket(const struct storage *s)
{
	return strcmp(s->kind, "s3") == 0;
}

const char *
storage_kind_title(const struct storage *s)
{
	return storage_is_bucket(s) ? "S3 bucket" : storage_is_server(s) ? "SFTP server" : "Folder";
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
	s->server = no_server;
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

	s->server = no_server;
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

static bool
only(const char *text, size_t longest, const char *more)
{
	char allowed[96];

	snprintf(allowed, sizeof allowed, "%s%s", words, more);
	return *text != '\0' && strlen(text) <= longest && strspn(text, allowed) == strlen(text);
}

/* The folder has the letters that keys have, so that it needs no quotes anywhere. */
static void
check_remote_folder(struct faults *f, const struct storage_server *v)
{
	bool bad = *v->folder != '/' || !only(v->folder, PREFIX_LONGEST, "/");

	for (const char *p = v->folder; *p == '/' && !bad;) {
		size_t n = strcspn(p + 1, "/");

		bad = n == 0 || (p[1] == '.' && (n == 1 || (n == 2 && p[2] == '.')));
		p += n + 1;
	}
	if (bad)
		complain(f, "folder", "Give the whole path there, such as /home/backups, of at "
		    "most 200 of a–z, A–Z, 0–9, dots, dashes, underscores and single slashes");
}

static void
check_server(struct faults *f, struct storage *s)
{
	struct storage_server *v = &s->server;
	bool v6;

	s->bucket = (struct storage_bucket){ "", "", "", "", "", "", "", "" };
	v->host = tidy(f->arena, v->host);
	v->login = tidy(f->arena, v->login);
	v->folder = tidy(f->arena, v->folder);
	v6 = strchr(v->host, ':') != NULL;
	if (!only(v->host, HOST_LONGEST, v6 ? ":" : ""))
		complain(f, "host", "Give the name or the address of the server, such as "
		    "nas.example.org");
	if (v->port < 1 || v->port > PORT_MAX)
		complain(f, "port", "Port must be 1–65535; usually it is 22");
	if (!only(v->login, WORD_LONGEST, "@+"))
		complain(f, "login", "Give the name of the account on the server");
	if (strcmp(v->auth, "key") != 0 && strcmp(v->auth, "password") != 0)
		complain(f, "auth", "Choose how to log in");
	check_remote_folder(f, v);
	s->path = arena_printf(f->arena, "sftp://%s@%s%s%s:%" PRId64 "%s", v->login,
	    v6 ? "[" : "", v->host, v6 ? "]" : "", v->port, v->folder);
}

size_t
storage_check(struct field_error out[STORAGE_ERRORS_MAX], struct arena *a, struct storage *s)
{
	struct faults f = { out, 0, a };

	check_slug(&f, s);
	if (storage_is_bucket(s))
		check_bucket(&f, s);
	else if (storage_is_server(s))
		check_server(&f, s);
	else
		check_folder(&f, s);
	return f.count;
}

static const struct rate_unit {
	const char *word;
	int64_t bytes;
} rate_units[] = {
	{ "GiB", 1 << 30 }, { "GB", 1000 * 1000 * 1000 }, { "MiB", 1 << 20 },
	{ "MB", 1000 * 1000 }, { "KiB", 1 << 10 }, { "kB", 1000 }, { "B", 1 },
};
enum { RATE_UNITS = sizeof rate_units / sizeof *rate_units, RATE_LEAST = 64 << 10 };

bool
storage_parse_rate(int64_t *ret, const char *text)
{
	size_t digits = strspn(text += strspn(text, " "), "0123456789"), n;
	char number[8];
	int64_t value;

	if (*text == '\0') {
		*ret = 0;
		return true;
	}
	if (digits == 0 || digits >= sizeof number)
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	text += digits + strspn(text + digits, " ");
	for (size_t i = 0; i < RATE_UNITS; i++) {
		n = strlen(rate_units[i].word);
		if (strncmp(text, rate_units[i].word, n) != 0)
			continue;
		n += strncmp(text + n, "/s", 2) == 0 ? 2 : 0;
		if (text[n + strspn(text + n, " ")] != '\0' ||
		    !num_parse(&value, number, 1, INT64_MAX / rate_units[i].bytes) ||
		    value * rate_units[i].bytes < RATE_LEAST)
			return false;
		*ret = value * rate_units[i].bytes;
		return true;
	}
	return false;
}

void
storage_rate_text(char out[STORAGE_RATE_TEXT], int64_t rate)
{
	const struct rate_unit *u = rate_units;

	*out = '\0';
	if (rate == 0)
		return;
	while (rate % u->bytes != 0)
		u++;
	snprintf(out, STORAGE_RATE_TEXT, "%" PRId64 " %s/s", rate / u->bytes, u->word);
}
