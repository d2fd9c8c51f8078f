/* cmd.c: what the acts of `lazarette admin` have in common. */
#include "cli/cmd.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

int
cmd_fail(const struct err *e)
{
	static const int status[ERR_KINDS] = {
		[ERR_INTERNAL] = EX_SOFTWARE, [ERR_INPUT] = EX_CONFIG,   [ERR_DENIED] = EX_NOPERM,
		[ERR_NOT_FOUND] = EX_NOINPUT, [ERR_CONFLICT] = 1,        [ERR_GONE] = 1,
		[ERR_TOO_MANY] = EX_TEMPFAIL, [ERR_BUSY] = EX_TEMPFAIL,  [ERR_FULL] = EX_CANTCREAT,
		[ERR_DAMAGED] = 1,            [ERR_CANCELLED] = 1,       [ERR_FENCED] = EX_SOFTWARE,
	};

	fprintf(stderr, "lazarette: %s\n", e->text);
	return e->kind < ERR_KINDS ? status[e->kind] : EX_SOFTWARE;
}

int
cmd_no_arguments(int argc, char **argv)
{
	if (argc == 1)
		return 0;
	fprintf(stderr, "lazarette: admin %s takes no arguments, not \"%s\"\n", argv[0], argv[1]);
	return EX_USAGE;
}

int
cmd_conf(struct conf *ret, struct arena *a, struct err *e)
{
	return conf_read(ret, a, conf_home(a), e);
}

int
cmd_open(struct db **db, struct conf *conf, struct arena *a, struct err *e)
{
	if (cmd_conf(conf, a, e) != 0)
		return -1;
	return db_open(db, conf->catalog, e);
}

int
cmd_desk_open(struct cmd_desk *d, struct err *e)
{
	d->arena = arena_new();
	return cmd_open(&d->db, &d->conf, d->arena, e);
}

void
cmd_desk_close(struct cmd_desk *d)
{
	db_close(d->db);
	arena_free(d->arena);
}

int
cmd_note(struct cmd_desk *d, struct event what, struct err *e)
{
	what.actor = "system";
	what.detail = "on the command line";
	what.address = "";
	return events_add(d->db, &what, e);
}

int
cmd_run_act(const struct cmd_act *acts, size_t count, int argc, char **argv, int (*usage)(void))
{
	struct cmd_desk d = { .db = NULL };

	for (size_t i = 0; argc > 1 && i < count; i++)
		if (strcmp(argv[1], acts[i].name) == 0) {
			int status = acts[i].run(&d, argc - 1, argv + 1);

			cmd_desk_close(&d);
			return status;
		}
	return usage();
}

static int
find_worker(char out[PATH_MAX], struct err *e)
{
	static const char *const places[] = { "lazarette-worker",
		"../lib/lazarette/lazarette-worker" };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (n <= 0)
		return err_sys(e, "find this program");
	self[n] = '\0';
	slash = strrchr(self, '/');
	slash[1] = '\0';
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (snprintf(out, PATH_MAX, "%s%s", self, places[i]) < PATH_MAX &&
		    access(out, X_OK) == 0)
			return 0;
	return err_set(e, ERR_NOT_FOUND,
	    "lazarette-worker is neither beside this program nor in ../lib/lazarette; install the "
	    "whole package");
}

int
cmd_become_worker(const struct cmd_option *options, size_t count)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	char **args = arena_array(a, 2 * count + 2, sizeof *args);
	char worker[PATH_MAX];
	struct err e;
	size_t n = 0;

	if (find_worker(worker, &e) != 0)
		return cmd_fail(&e);
	args[n++] = worker;
	for (size_t i = 0; i < count; i++) {
		if (!options[i].given)
			continue;
		args[n++] = arena_dup(a, options[i].word);
		if (options[i].value != NULL)
			args[n++] = arena_dup(a, options[i].value);
	}
	args[n] = NULL;
	execv(worker, args);
	err_sys(&e, "run '%s'", worker);
	return cmd_fail(&e);
}
