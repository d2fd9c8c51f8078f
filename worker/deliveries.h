/* deliveries.h: what nginx says it has sent, read from a socket and counted. */
#ifndef WORKER_DELIVERIES_H
#define WORKER_DELIVERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/store/db.h"
#include "lib/store/downloads.h"
#include "lib/util/conf.h"

enum { DELIVERY_ADDRESS_SIZE = 64 };

/*
 * Read one datagram of nginx's access_log: "<190>… lazarette: <link>:<file> <status> <bytes>
 * <address>". False for anything else, and for a status other than 200 and 206. `address` keeps
 * what ret->address points to.
 */
MUST_USE bool deliveries_parse(struct delivery *ret, char address[DELIVERY_ADDRESS_SIZE],
    const char *text, size_t n);

struct deliveries {
	int lock, fd;                 /* fd is for poll(); -1 while another worker listens */
};
#define DELIVERIES_INIT { -1, -1 }

/* Bind <run>/deliveries.sock, unless another worker of this instance has it; call it often. */
void deliveries_open(struct deliveries *d, const struct conf *conf);
/* Take what has come, at most a few hundred at once. */
void deliveries_read(struct deliveries *d, struct db *db);
void deliveries_close(struct deliveries *d);

#endif
