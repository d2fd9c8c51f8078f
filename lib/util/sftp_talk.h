/* sftp_talk.h: one request to a server over SFTP, tried again; only sftp.c includes it. */
#ifndef LIB_UTIL_SFTP_TALK_H
#define LIB_UTIL_SFTP_TALK_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/util/sftp.h"

/* One request. */
struct sftp_order {
	const char *path;             /* "/" with quotes alone */
	const char *quotes[2];        /* commands; NULL: none */
	const struct sftp_piece *put;
	const struct sftp_piece *get;
	char *into;                   /* get->n bytes of room */
	struct buf *text;             /* takes a list */
	struct buf *told;             /* takes what a command answers */
	bool looks;                   /* size and time alone */
};

struct sftp_talk {
	struct sftp *s;
	const struct sftp_order *o;
	CURL *c;
	struct curl_slist *quotes;
	int64_t sent, size, changed;  /* sent: bytes that libcurl has taken; -1: not known */
	size_t skip;                  /* of the piece: those that are there already */
	size_t got;
	bool too_long, again;
	int64_t moved, moved_at;
	char met[SFTP_KEY_TEXT];      /* the key that the server showed; "" */
	char detail[CURL_ERROR_SIZE];
};

MUST_USE int sftp_talk_new(struct sftp **ret, const struct sftp_place *at, struct err *e);
void sftp_talk_free(struct sftp *s);

/* Before each try but the first: 0 when it may go on. */
typedef int sftp_talk_again(struct sftp_talk *t, struct err *e);
/* What sftp_meet() needs: it will show its key and get nothing. */
struct sftp *sftp_talk_stranger(const struct sftp_place *at);
const char *sftp_talk_host(const struct sftp *s);
MUST_USE int sftp_talk_send(struct sftp_talk *t, int *tries, sftp_talk_again *again,
    struct err *e);

#endif
