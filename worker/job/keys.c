/* keys.c: the keys of this instance as a job needs them. */
#include "worker/job/keys.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/store/settings.h"

enum { RECIPIENTS = 2 };

char *
keys_sign_file(struct arena *a, const struct conf *conf)
{
	return arena_printf(a, "%s/keys/sign.key", conf->home);
}

int
keys_load(struct dest_keys **ret, struct plan *p, const char *needed, struct err *e)
{
	static const char *const names[RECIPIENTS] = { "age_recipient", "age_recovery" };
	struct dest_keys *k = arena_alloc(p->arena, sizeof *k);
	const char **to = arena_array(p->arena, RECIPIENTS, sizeof *to);
	char *value;

	for (int i = 0; i < RECIPIENTS; i++) {
		if (settings_get(&value, p->arena, p->db, names[i], e) != 0)
			return -1;
		if (*value != '\0')
			to[k->recipient_count++] = value;
	}
	if (settings_get(&value, p->arena, p->db, "sign_public_key", e) != 0)
		return -1;
	k->signing = value;
	k->recipients = to;
	k->folder = p->conf != NULL ? arena_printf(p->arena, "%s/keys", p->conf->home) : NULL;
	k->needed = *needed != '\0' ? arena_dupn(p->arena, needed, strcspn(needed, " "))
	                            : k->recipient_count > 0 ? to[0] : "";
	*ret = k;
	return 0;
}

char *
keys_recipients(struct arena *a, const struct dest_keys *keys)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	for (size_t i = 0; i < keys->recipient_count; i++)
		buf_printf(&text, "%s%s", i > 0 ? " " : "", keys->recipients[i]);
	return arena_dup(a, text.p);
}
