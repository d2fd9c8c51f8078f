/* conf.h: lazarette.conf, read with libconfuse. docs/lazarette.conf.5 describes every key. */
#ifndef LIB_UTIL_CONF_H
#define LIB_UTIL_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* Who else reads and writes first, as ioprio_set(2) has it. */
enum conf_io { CONF_IO_IDLE, CONF_IO_BEST_EFFORT, CONF_IO_NONE };

struct conf {
	const char *home; /* absolute folder of the instance; every path below is absolute */
	const char *catalog;         /* home/catalog.db */
	const char *storage;         /* folder of the storage "main": home/store */
	const char *downloads;       /* home/downloads */
	const char *run;             /* home/run: sockets and locks */
	const char *secret_key;      /* home/keys/worker.key: only the worker may read it */
	const char *templates;       /* folder of the page templates */
	const char *public_url;      /* http://127.0.0.1:8080, without a slash at the end */
	const char *metrics_token;   /* what /metrics asks for; "": only this host may read it */
	bool secure_cookies;         /* public_url is https: __Host- cookies */
	int64_t web_processes;
	int64_t session_idle_ms, session_life_ms;
	int64_t worker_parallel;     /* jobs at once */
	int64_t max_load;            /* of one minute: above it no background job begins; 0: none */
	int64_t lease_ms, stall_ms, poll_ms;
	int64_t job_limit_ms;        /* absolute limit of one job; 0: none */
	int64_t trash_ms;            /* how long a deleted backup can be put back */
	int64_t undo_ms;             /* how long a restore keeps the old beside the new */
	int64_t download_valid_ms, download_uses;
	int64_t prove_minute;        /* of the day: when recovery is proved; -1: never */
	int64_t threads;             /* of one archive */
	int64_t zstd_level;
	int64_t pack_size;           /* stored bytes of one pack of files, before encryption */
	int64_t nice;                /* of jobs that nobody waits for; 0: like all else */
	enum conf_io io_class;       /* of the same */
	struct conf_mail {
		const char *server;      /* "" : no server, mails go to home/mail as .eml files;
		                            smtp://host:port (STARTTLS) or smtps://host:port */
		const char *from, *user, *password;   /* password from password_file */
		const char *ca_file;     /* "" : the system's */
		bool insecure; /* smtp:// without STARTTLS; only for a relay on this host */
		int64_t timeout_ms;
		const char *folder;      /* home/mail */
	} mail;
	struct conf_http {
		const char *allow_private;   /* hosts that may have a private address */
		const char *ca_file;         /* "" : the system's */
		int64_t timeout_ms;          /* of a whole request */
		int64_t stall_ms; /* storages: a connection that says nothing is given up */
		int64_t tries;               /* storages: of one request */
	} http;
};

/* Read home/lazarette.conf; a missing file gives the defaults. Numbers take units (15m, 2GiB,
 * 500ms). An unknown key is ERR_INPUT with file, line and the nearest known key. */
MUST_USE int conf_read(struct conf *ret, struct arena *a, const char *home, struct err *e);

const char *conf_io_word(enum conf_io io);

/* The instance's folder: LAZARETTE_HOME, else /var/lib/lazarette. Absolute, in the arena. */
char *conf_home(struct arena *a);

#endif
