/* download.h: files prepared from a backup, the links to them, and their life. */
#ifndef LIB_MODEL_DOWNLOAD_H
#define LIB_MODEL_DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attr.h"

/* preparing -> ready -> expired | revoked; preparing -> failed. */
enum download_state {
	DOWNLOAD_PREPARING,
	DOWNLOAD_READY,
	DOWNLOAD_FAILED,
	DOWNLOAD_EXPIRED,
	DOWNLOAD_REVOKED,
	DOWNLOAD_STATES
};
const char *download_state_name(enum download_state state);
MUST_USE bool download_state_parse(enum download_state *ret, const char *name);
bool download_may_go(enum download_state from, enum download_state to);

/* How the files of a media part are packed. A database part is always the vendor's own file. */
enum download_format { FORMAT_TAR, FORMAT_TAR_GZ, FORMAT_TAR_ZST, FORMAT_ZIP, DOWNLOAD_FORMATS };
const char *download_format_name(
    enum download_format format); /* "tar.gz": also the file's ending */
MUST_USE bool download_format_parse(enum download_format *ret, const char *name);

struct download_file {
	int64_t id, download, part;
	const char *name;             /* shop-live-media-20261121T020000Z.tar.zst */
	const char *path;             /* below the downloads folder; "" until ready */
	int64_t bytes;
	const char *sha256;
	const char *choice;           /* paths of media, one a line; "": all of it */
	const char *service_slug, *service_name, *engine;
};

struct download {
	int64_t id;
	const char *uuid;
	int64_t backup, environment, job, requested_by;
	const char *requested_name;   /* e-mail: the mail with the links goes there */
	enum download_state state;
	enum download_format format;
	int64_t created_at, ready_at, expires_at;
	int64_t valid_ms;             /* life of the files and links once ready */
	int64_t max_uses;             /* completed deliveries per file and link */
	int64_t uses;                 /* the most used file of any of its links */
	int64_t bytes;
	const char *error;
	const char *mail_state;       /* of the "ready" mail: "", queued, sent, failed */
	const char *mail_error;
	const char *project_slug, *environment_slug, *note;
	const char *contents;         /* service slugs, for lists */
	int64_t taken_at;             /* when the backup was made */
};

/* One recipient's key to one download. The token itself is only in the mail. */
struct link {
	int64_t id, download;
	const char *recipient;
	int64_t created_at, expires_at, revoked_at;
	int64_t max_uses;
};

#endif
