/* right.h: who may do what. Rights are checked, never roles; roles are bundles in one table. */
#ifndef LIB_MODEL_RIGHT_H
#define LIB_MODEL_RIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/attr.h"

enum right {
	RIGHT_NONE,
	RIGHT_VIEW,
	RIGHT_BACKUP,
	RIGHT_DOWNLOAD,
	RIGHT_RESTORE,                /* into an environment that is not live */
	RIGHT_RESTORE_LIVE,
	RIGHT_DELETE,
	RIGHT_CONFIGURE,
	RIGHT_ADMINISTER,
	RIGHTS
};
enum role { ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN, ROLES };

const char *right_name(enum right right);
const char *role_name(enum role role);
MUST_USE bool role_parse(enum role *ret, const char *name);
bool role_has(enum role role, enum right right); /* RIGHT_NONE: everybody, also without a session */

struct account {
	int64_t id;
	const char *uuid, *email, *name;
	enum role role;
	bool disabled;
	const char *password_hash;    /* argon2id in libsodium's text form */
	int64_t created_at, seen_at;
};

#endif
