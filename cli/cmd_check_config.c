/* cmd_check_config.c: lazarette admin check-config. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/cmd.h"
#include "lib/base/num.h"

static void
show_time(const char *name, int64_t ms)
{
	char text[NUM_TEXT];

	num_duration(text, ms);
	printf("%-16s %s\n", name, ms == 0 ? "none" : text);
}

/* Everything but the password. */
static void
show(const struct conf *c)
{
	char size[NUM_TEXT];

	printf("%-16s %s\n%-16s %s\n%-16s %s\n%-16s %s\n%-16s %s\n%-16s %s\n%-16s %s\n%-16s %s\n",
	    "home", c->home, "catalog", c->catalog, "storage", c->storage, "downloads",
	    c->downloads, "run", c->run, "secret_key", c->secret_key, "templates", c->templates,
	    "public_url", c->public_url);
	printf("%-16s %" PRId64 "\n", "web_processes", c->web_processes);
	show_time("session_idle", c->session_idle_ms);
	show_time("session_life", c->session_life_ms);
	printf("%-16s %" PRId64 "\n", "worker_parallel", c->worker_parallel);
	show_time("lease", c->lease_ms);
	show_time("stall", c->stall_ms);
	show_time("poll", c->poll_ms);
	show_time("job_limit", c->job_limit_ms);
	show_time("trash", c->trash_ms);
	show_time("download_valid", c->download_valid_ms);
	printf("%-16s %" PRId64 "\n%-16s %" PRId64 "\n%-16s %" PRId64 "\n", "download_uses",
	    c->download_uses, "threads", c->threads, "zstd_level", c->zstd_level);
	num_size(size, c->pack_size);
	printf("%-16s %s\n%-16s %" PRId64 "\n%-16s %s\n", "pack_size", size, "nice",
	    c->nice, "io_class", conf_io_word(c->io_class));
	if (*c->mail.server == '\0')
		printf("%-16s none: mails become files in %s\n", "mail.server", c->mail.folder);
	else
		printf("%-16s %s%s\n", "mail.server", c->mail.server,
		    c->mail.insecure ? " (without encryption)" : "");
	printf("%-16s %s\n", "mail.from", c->mail.from);
	if (*c->mail.user != '\0')
		printf("%-16s %s\n", "mail.user", c->mail.user);
}

int
cmd_check_config(int argc, char **argv)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	int status = cmd_no_arguments(argc, argv);
	struct conf conf;
	struct err e;

	if (status != 0)
		return status;
	if (cmd_conf(&conf, a, &e) != 0)
		return cmd_fail(&e);
	show(&conf);
	return 0;
}
