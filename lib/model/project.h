/* project.h: project › environment › service, and where backups lie. */
#ifndef LIB_MODEL_PROJECT_H
#define LIB_MODEL_PROJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

struct project {
	int64_t id;
	const char *uuid, *slug, *name;
	const char *owners;       /* e-mails, one per line; "" when none */
	int64_t created_at;
};

enum environment_kind { ENV_LIVE, ENV_STAGING, ENV_DEVELOPMENT, ENV_KINDS };
const char *environment_kind_name(enum environment_kind kind);
MUST_USE bool environment_kind_parse(enum environment_kind *ret, const char *name);

struct environment {
	int64_t id, project;
	const char *uuid, *slug, *name;
	enum environment_kind kind;
	bool paused;
	int64_t created_at;
	/* Around a restore into it: names of executables in home/hooks, "" when none. */
	const char *hook_before, *hook_after;
	int64_t hook_limit_s;
	/* Around a consistent backup of it: the first holds the application, the second lets it
	 * go. */
	const char *hook_freeze, *hook_thaw;
	const char *hook_code;    /* prints which code it runs */
	const char *watchers;     /* e-mails, one per line, who hear of every restore */
	const char *project_slug, *project_name;
};

enum engine { ENGINE_POSTGRESQL, ENGINE_SQLITE, ENGINE_FILES, ENGINES };
const char *engine_name(enum engine engine);     /* "postgresql": in the catalogue and in URLs */
const char *engine_title(enum engine engine);    /* "PostgreSQL": for people */
bool engine_is_media(enum engine engine);        /* else it is a database */
MUST_USE bool engine_parse(enum engine *ret, const char *name);

/*
 * How to reach a service. Only the fields of its engine are set, the others
 * are "". The secret is apart: sealed by the web process, opened by a job.
 */
struct service_settings {
	const char *host, *port, *database, *user, *tls;   /* postgresql; tls is a libpq sslmode */
	const char *path;                                  /* sqlite: absolute path of the file */
	const char *roots; /* files: absolute folders, one per line */
	const char *excludes;                              /* files: glob patterns, one per line */
};

struct service {
	int64_t id, environment, revision;
	const char *uuid, *slug, *name;
	enum engine engine;
	struct service_settings settings;
	const void *sealed;           /* NULL when there is no secret */
	size_t sealed_size;
	const char *sealed_for;       /* the public key, of what was sealed just now; else NULL */
	int64_t created_at;
	const char *check_state;      /* untested, ok, failed */
	const char *check_text;       /* what the last connection test found, for people */
	int64_t checked_at;
	/* Landing rules: what runs on live data before it is opened here; "" when none. */
	const char *sanitise_sql;     /* databases: SQL, run as the service's own role */
	const char *sanitise_hook;    /* the name of an executable in home/hooks */
	const char *project_slug, *environment_slug;
	/* What lies beside another service: the restore that made it; 0 for one that stands for
	 * itself. */
	int64_t made_by;
	int64_t removed_at;           /* 0: it is there */
	int64_t level;                /* of compression, 1–19; 0: as lazarette.conf says */
};

/* Settings as one JSON object, for the catalogue, the sidecar and back. Unknown members are
 * ERR_INPUT. */
char *service_settings_json(struct arena *a, enum engine engine, const struct service_settings *s);
MUST_USE int service_settings_parse(struct service_settings *ret, struct arena *a,
    enum engine engine, const char *json, struct err *e);

/* One thing wrong with a form: the field's name and the sentence beside it. */
struct field_error {
	const char *field, *text;
};
enum { SERVICE_ERRORS_MAX = 12 };

/* Check settings as a person typed them; returns how many faults were written to `out`. */
size_t service_settings_check(struct field_error out[SERVICE_ERRORS_MAX], struct arena *a,
    enum engine engine, const struct service_settings *s);

/* How to reach a bucket. What is not set is "". */
struct storage_bucket {
	const char *endpoint;         /* https://s3.example.org, without a slash at the end */
	const char *region, *bucket;
	const char *prefix;           /* of all keys, without a slash at either end */
	const char *style;            /* path, virtual */
	const char *storage_class;    /* x-amz-storage-class */
	const char *encryption;       /* x-amz-server-side-encryption: AES256, aws:kms */
	const char *key_id;
};

/* How to reach a server over SFTP. What is not set is "". */
struct storage_server {
	const char *host;
	int64_t port;                 /* 1–65535 */
	const char *login;            /* the account there */
	const char *folder;           /* absolute, without a slash at the end */
	const char *auth;             /* key, password: what the secret is */
	const char *host_key;         /* "SHA256:…" of the key that somebody has confirmed; "" */
	const char *host_key_met;     /* of the other one that the last test met; "" */
};

struct storage {
	int64_t id;
	const char *uuid, *slug, *kind;   /* local, s3, sftp */
	const char *path;             /* local: its folder; else its whole address, for people */
	bool encrypted;               /* what is stored there from now on */
	int64_t used_bytes;           /* sum of stored bytes of living backups */
	int64_t revision, created_at, removed_at;   /* removed_at 0: it is there */
	const char *test_text, *test_warning;   /* of its last good test; "" */
	struct storage_bucket bucket; /* s3 */
	struct storage_server server; /* sftp */
	/* Bytes a second that all jobs of this machine together may move; 0: no limit. */
	int64_t write_rate, read_rate;
	const void *sealed;           /* not local: the secret as the web process locked it up */
	size_t sealed_size;
	const char *sealed_for;       /* the public key, of what was sealed just now; else NULL */
	/* Of one that is opened; the catalogue holds none of it. 0 and NULL: as usual. */
	const char *secret;           /* s3: the secret key; sftp: the private key or password */
	const char *ca_file;
	const char *pace_file;        /* what all that open it share, for the two limits */
	int64_t stall_ms;             /* a connection that says nothing for so long is given up */
	int64_t pause_ms;             /* before the second try; grows with each */
	int tries;
};

#endif
