/* dst_sftp.h: what a storage over SFTP has of its own: the key that its server shows. */
#ifndef WORKER_DEST_DST_SFTP_H
#define WORKER_DEST_DST_SFTP_H

#include "lib/util/sftp.h"
#include "worker/dest/dest.h"

/* "SHA256:…"; nothing is sent to the server, whichever key it has. ERR_BUSY: it is out of reach. */
MUST_USE int dst_sftp_meet(char out[SFTP_KEY_TEXT], const struct storage *s, struct err *e);

#endif
