/* sftp.h: the files of one account of a server over SFTP, through libcurl: tried again when it may
 * help.
 *
 * Before anything is sent, the account's name included, the key of the server must be the confirmed
 * one. What is tried again, a few times with growing and random pauses: no connection, a reset, a
 * stall, an answer that is cut short. Paths are absolute and have only letters that need no quotes
 * (A–Z a–z 0–9 . _ - /). Safe from several threads.
 */
#ifndef LIB_UTIL_SFTP_H
#define LIB_UTIL_SFTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/sftp_ls.h"

enum { SFTP_KEY_TEXT = 64 };

/* How to reach a server. A number 0: as usual. */
struct sftp_place {
	const char *host, *login;
	int64_t port;
	bool with_key;                /* secret is a private key without a passphrase */
	const char *secret;           /* else a password */
	const char *host_key;         /* "SHA256:…" of the key that it must show */
	int64_t stall_ms;             /* a connection that says nothing for so long is given up */
	int64_t pause_ms;             /* before the second try; grows with each */
	int tries;
};

struct sftp;
/* Copies what it is given; connects to nothing yet. ERR_DENIED: host_key is "". */
MUST_USE int sftp_new(struct sftp **ret, const struct sftp_place *at, struct err *e);
void sftp_free(struct sftp *s);           /* NULL is fine */
/* The key that the server shows; goes no further than that. */
MUST_USE int sftp_meet(char out[SFTP_KEY_TEXT], const struct sftp_place *at, struct err *e);

/* All of them: ERR_BUSY (worth a later try), ERR_DENIED (another key, no login, no right),
 * ERR_FULL, ERR_NOT_FOUND. */

/* changed_at may be NULL. */
MUST_USE int sftp_stat(int64_t *bytes, int64_t *changed_at, struct sftp *s, const char *path,
    struct err *e);
/*
 * The piece goes behind the `from` bytes that the file has already. With 0 it is made where it is
 * not there, and so are the folders above it. After it the file has from + n bytes. ERR_DAMAGED: it
 * has not, or had not before.
 */
struct sftp_piece {
	const char *path;
	int64_t from;
	const void *p;
	size_t n;
};
MUST_USE int sftp_put(struct sftp *s, const struct sftp_piece *piece, struct err *e);
/* Exactly n bytes, or ERR_DAMAGED. */
MUST_USE int sftp_get(struct sftp *s, const struct sftp_piece *piece, char *into, struct err *e);
/* A missing one is fine. */
MUST_USE int sftp_remove(struct sftp *s, const char *path, struct err *e);
/* Never over another file, unless `over`: then that one goes first. ERR_CONFLICT: the server
 * refused it, or its answer was lost; *unsure: it may have been done all the same. */
MUST_USE int sftp_rename(bool *unsure, struct sftp *s, const char *from, const char *to, bool over,
    struct err *e);
/* -1 where the server does not tell. */
MUST_USE int sftp_space(int64_t *free_bytes, struct sftp *s, const char *folder, struct err *e);
/* All that is in a folder, in no order; fn may send requests of its own. What it returns other than
 * 0 ends it. A missing folder is an empty one. */
typedef int sftp_each(void *arg, const struct sftp_entry *entry, struct err *e);
MUST_USE int sftp_list(struct sftp *s, const char *folder, sftp_each *fn, void *arg,
    struct err *e);

#endif
