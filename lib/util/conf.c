/* conf.c: lazarette.conf, read with libconfuse. */
#include "lib/util/conf.h"

#include <confuse.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/base/num.h"
#include "lib/util/near.h"

#ifndef LAZARETTE_SHARE
#define LAZARETTE_SHARE "/usr/share/lazarette"
#endif

enum kind { TEXT, PATH, COUNT, DURATION, SIZE, FLAG, URL, SERVER, IO, CLOCK };

/* One key: its name (in the section mail when it begins so), what it takes, where it goes. */
struct key {
	const char *name;
	enum kind kind;
	size_t at;
	const char *standard;         /* as it would stand in the file; a path is below home */
	int64_t min, max;             /* of numbers; durations in milliseconds, sizes in bytes */
};
#define AT(member) offsetof(struct conf, member)

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

#define KEYS_MAX 48
enum { FILE_MAX = 256 * 1024 };
static const struct key keys[] = {
	{ "catalog",          PATH,     AT(catalog),           "catalog.db", 0, 0 },
	{ "storage",          PATH,     AT(storage),           "store", 0, 0 },
	{ "downloads",        PATH,     AT(downloads),         "downloads", 0, 0 },
	{ "run",              PATH,     AT(run),               "run", 0, 0 },
	{ "secret_key",       PATH,     AT(secret_key),        "keys/worker.key", 0, 0 },
	{ "templates",        PATH,     AT(templates),         LAZARETTE_SHARE "/templates", 0, 0 },
	{ "public_url",       URL,      AT(public_url),        "http://127.0.0.1:8080", 0, 0 },
	{ "metrics_token",    TEXT,     AT(metrics_token),     "", 0, 0 },
	{ "web_processes",    COUNT,    AT(web_processes),     "2", 1, 64 },
	{ "session_idle",     DURATION, AT(session_idle_ms),   "30m", MINUTE, 7 * (int64_t)DAY },
	{ "session_life",     DURATION, AT(session_life_ms),   "12h", MINUTE, 30 * (int64_t)DAY },
	{ "worker_parallel",  COUNT,    AT(worker_parallel),   "2", 1, 64 },
	{ "max_load",         COUNT,    AT(max_load),          "0", 0, 10000 },
	{ "lease",            DURATION, AT(lease_ms),          "30s", 200, HOUR },
	{ "stall",            DURATION, AT(stall_ms),          "5m", 100, 7 * (int64_t)DAY },
	{ "poll",             DURATION, AT(poll_ms),           "500ms", 5, MINUTE },
	{ "job_limit",        DURATION, AT(job_limit_ms),      "0", 0, 365 * (int64_t)DAY },
	{ "trash",            DURATION, AT(trash_ms),          "7d", 0, 3650 * (int64_t)DAY },
	{ "undo_keep",        DURATION, AT(undo_ms),           "24h", 0, 365 * (int64_t)DAY },
	{ "download_valid",   DURATION, AT(download_valid_ms), "24h", SECOND, 90 * (int64_t)DAY },
	{ "download_uses",    COUNT,    AT(download_uses),     "5", 1, 1000 },
	{ "prove_at",         CLOCK,    AT(prove_minute),      "03:40", 0, 0 },
	{ "threads",          COUNT,    AT(threads),           "0", 0, 16 },
	{ "zstd_level",       COUNT,    AT(zstd_level),        "3", 1, 19 },
	{ "pack_size",        SIZE,     AT(pack_size),         "512MiB", 16 * MIB, 64 * GIB },
	{ "nice",             COUNT,    AT(nice),              "10", 0, 19 },
	{ "io_class",         IO,       AT(io_class),          "idle", 0, 0 },
	{ "allow_private",    TEXT,     AT(http.allow_private), "", 0, 0 },
	{ "ca_file",          PATH,     AT(http.ca_file),      "", 0, 0 },
	{ "http_timeout",     DURATION, AT(http.timeout_ms),   "10s", 100, 2 * MINUTE },
	{ "storage_timeout",  DURATION, AT(http.stall_ms),     "60s", 1000, 10 * MINUTE },
	{ "storage_tries",    COUNT,    AT(http.tries),        "6", 1, 20 },
	{ "mail.server",      SERVER,   AT(mail.server),       "", 0, 0 },
	{ "mail.from",        TEXT,     AT(mail.from),         "", 0, 0 },
	{ "mail.user",        TEXT,     AT(mail.user),         "", 0, 0 },
	{ "mail.password_file", PATH,   AT(mail.password),     "", 0, 0 },
	{ "mail.ca_file",     PATH,     AT(mail.ca_file),      "", 0, 0 },
	{ "mail.insecure",    FLAG,     AT(mail.insecure),     "no", 0, 0 },
	{ "mail.timeout",     DURATION, AT(mail.timeout_ms),   "30s", 100, HOUR },
	{ "mail.folder",      PATH,     AT(mail.folder),       "mail", 0, 0 },
};
enum { KEYS = sizeof keys / sizeof *keys };
_Static_assert(KEYS < KEYS_MAX, "the option arrays hold every key");

static const char in_mail[] = "mail.";

static bool
of_mail(const struct key *k)
{
	return strncmp(k->name, in_mail, strlen(in_mail)) == 0;
}

/* The name as it stands in its section. */
static const char *
short_name(const struct key *k)
{
	return of_mail(k) ? k->name + strlen(in_mail) : k->name;
}

/* "500ms", "30s", "5m", "12h", "7d"; a bare 0 needs no unit. */
static bool
read_duration(int64_t *ret, const char *text)
{
	static const struct { const char *unit; int64_t ms; } units[] = {
		{ "ms", 1 }, { "s", SECOND }, { "m", MINUTE }, { "h", HOUR }, { "d", DAY },
	};
	size_t digits = strspn(text, "0123456789");
	char number[20];
	int64_t n;

	if (digits == 0 || digits >= sizeof number)
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (!num_parse(&n, number, 0, INT64_MAX / DAY))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(text + digits, units[i].unit) == 0) {
			*ret = n * units[i].ms;
			return true;
		}
	*ret = 0;
	return n == 0 && text[digits] == '\0';
}

/* "64MiB", "2GiB". */
static bool
read_size(int64_t *ret, const char *text)
{
	size_t digits = strspn(text, "0123456789");
	char number[20];
	int64_t n, unit;

	unit = strcmp(text + digits, "MiB") == 0 ? MIB : 0;
	unit = strcmp(text + digits, "GiB") == 0 ? GIB : unit;
	if (digits == 0 || digits >= sizeof number || unit == 0)
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (!num_parse(&n, number, 0, INT64_MAX / GIB))
		return false;
	*ret = n * unit;
	return true;
}

static const char *const io_words[] = {
	[CONF_IO_IDLE] = "idle", [CONF_IO_BEST_EFFORT] = "best-effort", [CONF_IO_NONE] = "none",
};

const char *
conf_io_word(enum conf_io io)
{
	return io_words[io];
}

static bool
read_io(enum conf_io *ret, const char *text)
{
	for (size_t i = 0; i < sizeof io_words / sizeof *io_words; i++)
		if (strcmp(io_words[i], text) == 0) {
			*ret = (enum conf_io)i;
			return true;
		}
	return false;
}

static bool
read_flag(bool *ret, const char *text)
{
	*ret = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0 || strcmp(text, "on") == 0;
	return *ret || strcmp(text, "no") == 0 || strcmp(text, "false") == 0 ||
	    strcmp(text, "off") == 0;
}

/* "03:40" in minutes of the day; "off" is -1. */
static bool
read_clock(int64_t *ret, const char *text)
{
	char hours[3] = { text[0], text[0] != '\0' ? text[1] : '\0', '\0' };
	int64_t h, m;

	*ret = -1;
	if (strcmp(text, "off") == 0)
		return true;
	if (strlen(text) != 5 || text[2] != ':' || !num_parse(&h, hours, 0, 23) ||
	    !num_parse(&m, text + 3, 0, 59))
		return false;
	*ret = h * 60 + m;
	return true;
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0 && strlen(text) > strlen(with);
}

/* A duration in the largest unit that holds it whole, for sentences. */
static void
say_duration(char out[NUM_TEXT], int64_t ms)
{
	if (ms % DAY == 0 && ms > 0)
		snprintf(out, NUM_TEXT, "%lldd", (long long)(ms / DAY));
	else if (ms % SECOND == 0 && ms > 0)
		snprintf(out, NUM_TEXT, "%llds", (long long)(ms / SECOND));
	else
		snprintf(out, NUM_TEXT, "%lldms", (long long)ms);
}

static void
say_size(char out[NUM_TEXT], int64_t bytes)
{
	if (bytes % GIB == 0 && bytes > 0)
		snprintf(out, NUM_TEXT, "%lldGiB", (long long)(bytes / GIB));
	else
		snprintf(out, NUM_TEXT, "%lldMiB", (long long)(bytes / MIB));
}

/* NULL when the text is a value of this key, else the rest of the sentence "<key> ...". */
static const char *
value_fault(char room[160], const struct key *k, const char *text)
{
	char low[NUM_TEXT], high[NUM_TEXT];
	enum conf_io io;
	int64_t n;
	bool flag;

	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "must not hold control characters";
	switch (k->kind) {
	case COUNT:
		if (num_parse(&n, text, k->min, k->max))
			return NULL;
		snprintf(room, 160, "must be a number from %lld to %lld", (long long)k->min,
		    (long long)k->max);
		return room;
	case DURATION:
		if (!read_duration(&n, text))
			return "must be a time with its unit: 500ms, 30s, 5m, 12h or 7d";
		say_duration(low, k->min);
		say_duration(high, k->max);
		snprintf(room, 160, "must be from %s to %s", low, high);
		return n >= k->min && n <= k->max ? NULL : room;
	case SIZE:
		if (!read_size(&n, text))
			return "must be a size with its unit: 64MiB or 2GiB";
		say_size(low, k->min);
		say_size(high, k->max);
		snprintf(room, 160, "must be from %s to %s", low, high);
		return n >= k->min && n <= k->max ? NULL : room;
	case IO:
		return read_io(&io, text) ? NULL : "must be idle, best-effort or none";
	case FLAG:
		return read_flag(&flag, text) ? NULL : "must be yes or no";
	case URL:
		return begins(text, "http://") || begins(text, "https://")
		    ? NULL
		    : "must begin with http:// or https://";
	case SERVER:
		return *text == '\0' || begins(text, "smtp://") || begins(text, "smtps://")
		    ? NULL : "must begin with smtp:// or smtps://";
	case CLOCK:
		return read_clock(&n, text) ? NULL : "must be a time of the day like 03:40, or off";
	case PATH:
		return strlen(text) < PATH_MAX / 2 ? NULL : "is too long for a path";
	case TEXT:
		break;
	}
	return NULL;
}

static const char *
nearest_key(const char *word, bool mail)
{
	const char *best = NULL;
	size_t least = strlen(word) / 2 + 1;

	for (size_t i = 0; i < KEYS; i++) {
		size_t d = near_distance(word, short_name(&keys[i]));

		/* A key of the other section is worth naming only when it is spelled right. */
		if (of_mail(&keys[i]) != mail && d > 0)
			continue;
		if (d < least) {
			least = d;
			best = keys[i].name;
		}
	}
	return best;
}

/* libconfuse hands nothing of ours to its error function: what the call in progress reads, and
 * where it wants the words. */
static _Thread_local struct {
	const char *path;
	struct err *e;
	bool answered;
} asked;

static void PRINTF(2, 0)
take_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	static const char unknown[] = "no such option '";
	const char *near;
	char text[256];
	size_t n = strlen(unknown);

	asked.answered = true;
	vsnprintf(text, sizeof text, fmt, ap);
	if (strncmp(text, unknown, n) == 0) {
		text[strlen(text) - 1] = '\0';
		near = nearest_key(text + n, strcmp(cfg->name, "mail") == 0);
		err_set(asked.e, ERR_INPUT, "%s:%d: unknown key \"%s\"%s%s%s", asked.path,
		    cfg->line, text + n, near ? "; did you mean " : "", near ? near : "",
		    near ? "?" : "");
	} else {
		err_set(asked.e, ERR_INPUT, "%s:%d: %s", asked.path, cfg->line, text);
	}
}

static const struct key *
find_key(const char *section, const char *name)
{
	bool mail = strcmp(section, "mail") == 0;

	for (size_t i = 0; i < KEYS; i++)
		if (of_mail(&keys[i]) == mail && strcmp(short_name(&keys[i]), name) == 0)
			return &keys[i];
	return NULL;
}

static int
check_option(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct key *k = find_key(cfg->name, opt->name);
	const char *text = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1), *why;
	char room[160];

	if (k == NULL || text == NULL || (why = value_fault(room, k, text)) == NULL)
		return 0;
	cfg_error(cfg, "%s %s, not \"%s\"", k->name, why, text);
	return -1;
}

static void
cfg_freep(cfg_t **cfg)
{
	if (*cfg != NULL)
		cfg_free(*cfg);
}

/* libconfuse counts a line with a # comment three times: comments become spaces before it sees
 * them. */
static void
blank_comments(char *p)
{
	for (char quote = '\0'; *p != '\0'; p++) {
		if (quote != '\0') {
			if (*p == '\\' && p[1] != '\0')
				p++;
			else if (*p == quote)
				quote = '\0';
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (*p == '#') {
			for (; *p != '\0' && *p != '\n'; p++)
				*p = ' ';
			p--;
		}
	}
}

/* What the file says per key: values[i] belongs to keys[i], NULL when it says nothing. */
static int
read_file(const char **values, struct arena *a, const char *path, struct err *e)
{
	cfg_opt_t mail[KEYS_MAX + 1], root[KEYS_MAX + 2];
	CLEANUP(cfg_freep) cfg_t *cfg = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	size_t in = 0, out = 0;

	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	if (fd_read_file(&text, path, FILE_MAX, e) != 0)
		return -1;
	blank_comments(text.p);
	for (size_t i = 0; i < KEYS; i++) {
		cfg_opt_t opt = CFG_STR(short_name(&keys[i]), NULL, CFGF_NODEFAULT);

		if (of_mail(&keys[i]))
			mail[in++] = opt;
		else
			root[out++] = opt;
	}
	mail[in] = root[out + 1] = (cfg_opt_t)CFG_END();
	root[out] = (cfg_opt_t)CFG_SEC("mail", mail, CFGF_NONE);
	cfg = cfg_init(root, CFGF_NONE);
	if (cfg == NULL)
		return err_set(e, ERR_INTERNAL, "libconfuse cannot start");
	cfg_set_error_function(cfg, take_error);
	for (size_t i = 0; i < KEYS; i++) {
		char full[64];

		snprintf(full, sizeof full, "%s%s", of_mail(&keys[i]) ? "mail|" : "",
		    short_name(&keys[i]));
		cfg_set_validate_func(cfg, full, check_option);
	}
	asked.path = path;
	asked.e = e;
	asked.answered = false;
	if (cfg_parse_buf(cfg, text.p) != CFG_SUCCESS)
		return asked.answered ? -1
		                      : err_set(e, ERR_INPUT, "'%s' cannot be understood", path);
	for (size_t i = 0; i < KEYS; i++) {
		cfg_t *section = of_mail(&keys[i]) ? cfg_getsec(cfg, "mail") : cfg;

		if (cfg_size(section, short_name(&keys[i])) > 0)
			values[i] = arena_dup(a, cfg_getstr(section, short_name(&keys[i])));
	}
	return 0;
}

/* LAZARETTE_<KEY>, LAZARETTE_MAIL_<KEY>: stronger than the file. */
static int
read_environment(const char **values, struct err *e)
{
	for (size_t i = 0; i < KEYS; i++) {
		const char *text, *why;
		char name[64], room[160];
		int n = snprintf(name, sizeof name, "LAZARETTE_%s", keys[i].name);

		for (int c = 0; c < n; c++)
			name[c] = (char)(name[c] == '.' ? '_' : toupper((unsigned char)name[c]));
		text = getenv(name);
		if (text == NULL)
			continue;
		if ((why = value_fault(room, &keys[i], text)) != NULL)
			return err_set(e, ERR_INPUT, "%s %s, not \"%s\"", name, why, text);
		values[i] = text;
	}
	return 0;
}

static const char *
absolute(struct arena *a, const char *home, const char *path)
{
	return *path == '/' || *path == '\0' ? arena_dup(a, path)
	                                     : arena_printf(a, "%s/%s", home, path);
}

/* The value has passed value_fault(). */
static void
place(struct conf *c, struct arena *a, const struct key *k, const char *text)
{
	void *at = (char *)c + k->at;

	switch (k->kind) {
	case TEXT:
	case SERVER:
		*(const char **)at = arena_dup(a, text);
		break;
	case URL: {
		size_t n = strlen(text);

		while (text[n - 1] == '/')
			n--;
		*(const char **)at = arena_dupn(a, text, n);
		break;
	}
	case PATH:
		*(const char **)at = absolute(a, c->home, text);
		break;
	case COUNT:
		if (!num_parse(at, text, k->min, k->max))
			abort();
		break;
	case DURATION:
		if (!read_duration(at, text))
			abort();
		break;
	case SIZE:
		if (!read_size(at, text))
			abort();
		break;
	case IO:
		if (!read_io(at, text))
			abort();
		break;
	case FLAG:
		if (!read_flag(at, text))
			abort();
		break;
	case CLOCK:
		if (!read_clock(at, text))
			abort();
		break;
	}
}

/*
 * mail.password holds the file's name until here. The web process may not be allowed to read it and
 * sends no mail: it goes on without.
 */
static int
read_password(struct conf *c, struct arena *a, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *file = c->mail.password;

	c->mail.password = "";
	if (*file == '\0' || (eaccess(file, R_OK) != 0 && errno == EACCES))
		return 0;
	if (fd_read_file(&text, file, 4096, e) != 0)
		return err_in(e, "mail.password_file");
	c->mail.password = arena_dupn(a, text.p, strcspn(text.p, "\r\n"));
	explicit_bzero(text.p, text.n);
	return 0;
}

static int64_t
processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

	return n > 4 ? 4 : n;
}

static const char *
default_sender(struct arena *a, const char *public_url)
{
	const char *host = strstr(public_url, "://") + 3;
	size_t n = strcspn(host, ":/");

	/* A literal address has no place behind the @ of a plain e-mail address. */
	if (strspn(host, "0123456789.") == n || *host == '[')
		return "lazarette@localhost";
	return arena_printf(a, "lazarette@%.*s", (int)n, host);
}

int
conf_read(struct conf *ret, struct arena *a, const char *home, struct err *e)
{
	const char *values[KEYS_MAX] = { NULL };
	struct conf c = { .home = arena_dup(a, home) };

	if (read_file(values, a, arena_printf(a, "%s/lazarette.conf", home), e) != 0 ||
	    read_environment(values, e) != 0)
		return -1;
	for (size_t i = 0; i < KEYS; i++)
		place(&c, a, &keys[i], values[i] ? values[i] : keys[i].standard);
	if (read_password(&c, a, e) != 0)
		return -1;
	if (c.threads == 0)
		c.threads = processors();
	if (*c.mail.from == '\0')
		c.mail.from = default_sender(a, c.public_url);
	if (c.session_idle_ms > c.session_life_ms)
		return err_set(e, ERR_INPUT, "session_idle must not be longer than session_life");
	c.secure_cookies = begins(c.public_url, "https://");
	*ret = c;
	return 0;
}

char *
conf_home(struct arena *a)
{
	const char *home = getenv("LAZARETTE_HOME");
	char here[PATH_MAX];
	size_t n;

	if (home == NULL || *home == '\0')
		return arena_dup(a, "/var/lib/lazarette");
	for (n = strlen(home); n > 1 && home[n - 1] == '/'; n--)
		;
	if (*home == '/' || getcwd(here, sizeof here) == NULL)
		return arena_dupn(a, home, n);
	return arena_printf(a, "%s/%.*s", here, (int)n, home);
}
