/* meet.c: which key the server of a storage shows. */
#include "worker/job/meet.h"

#include <string.h>

#include "lib/model/storage.h"
#include "lib/store/projects.h"
#include "worker/dest/dst_sftp.h"

int
meet_server(struct plan *p, struct storage *s, struct err *e)
{
	char shown[SFTP_KEY_TEXT];
	bool known;

	if (!storage_is_server(s))
		return 0;
	plan_limits(s, p);
	if (dst_sftp_meet(shown, s, e) != 0)
		return -1;
	known = strcmp(shown, s->server.host_key) == 0;
	if (storages_meet(p->db, s, known ? "" : shown, e) != 0)
		return -1;
	if (known)
		return 0;
	return err_set(e, ERR_DENIED, "storage %s: %s shows the key %s%s. Nothing was sent to it: "
	    "compare the key and confirm it on the storage's page", s->slug, s->server.host, shown,
	    *s->server.host_key != '\0' ? ", and not the one that was confirmed" : "");
}
