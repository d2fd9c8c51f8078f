/* cmd.h: the acts of `lazarette`, and what they have in common.
 *
 * Results go to stdout, talk to stderr. A command returns its exit status: 0, 1 when what it looked
 * at is not as it should be, or one of sysexits.h.
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/store/events.h"
#include "lib/util/conf.h"

/* argv[0] is the command's own name. */
int cmd_init(int argc, char **argv);
int cmd_setup_code(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_check_config(int argc, char **argv);
int cmd_keys(int argc, char **argv);
int cmd_secret_key(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_gc(int argc, char **argv);
int cmd_rebuild(int argc, char **argv);
/* lazarette plan list, run, delete. */
int cmd_plan(int argc, char **argv);
/* lazarette backup list, show, download. */
int cmd_backup(int argc, char **argv);

/* Prints the sentence to stderr and gives the exit status of its kind. */
int cmd_fail(const struct err *e);
/* For a command that takes no arguments: 0, or the exit status after the sentence. */
int cmd_no_arguments(int argc, char **argv);

/* Becomes lazarette-worker, beside this program (a build) or where the package puts it, with the
 * options among these that are given; comes back only with the exit status of a failure. */
struct cmd_option {
	const char *word;             /* "--storage" */
	bool given;
	const char *value;            /* NULL: it takes none */
};
int cmd_become_worker(const struct cmd_option *options, size_t count);

/* What a command on the catalogue works with; zero it first. */
struct cmd_desk {
	struct arena *arena;
	struct conf conf;
	struct db *db;
};
MUST_USE int cmd_desk_open(struct cmd_desk *d, struct err *e);
void cmd_desk_close(struct cmd_desk *d);
/* Into the audit trail, as the system's own. */
MUST_USE int cmd_note(struct cmd_desk *d, struct event what, struct err *e);
/* Runs the act that argv[1] names, or gives the status of usage(). */
struct cmd_act {
	const char *name;
	int (*run)(struct cmd_desk *d, int argc, char **argv);
};
int cmd_run_act(const struct cmd_act *acts, size_t count, int argc, char **argv,
    int (*usage)(void));

/* The configuration of this instance, and its catalogue. */
MUST_USE int cmd_conf(struct conf *ret, struct arena *a, struct err *e);
MUST_USE int cmd_open(struct db **db, struct conf *conf, struct arena *a, struct err *e);

#endif
