/* main.c: lazarette-worker: the supervisor, or (for itself) one job or one sweep. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/util/conf.h"
#include "worker/gc.h"
#include "worker/hold.h"
#include "worker/job/thaw.h"
#include "worker/job/work.h"
#include "worker/notify/mail.h"
#include "worker/rebuild.h"
#include "worker/runner.h"
#include "worker/salvage.h"

enum { EXIT_USAGE = 64 };

struct options {
	struct lease lease;           /* job 0: none */
	int64_t since;                /* of housekeeping; -1: none */
	int64_t thaw;                 /* an environment that is to go on; 0: none */
	const char *hold, *let_go;    /* sockets of applications; NULL: none */
	int64_t seconds;
	const char *recipient;        /* of a test mail; NULL: none */
	struct salvage salvage;       /* backup NULL: none */
	bool gc, rebuild, adopt, dry;
};

static int
usage(FILE *to)
{
	fputs("usage: lazarette-worker [--verbose] [--mail-test ADDRESS]\n"
	      "Takes jobs from the catalogue in LAZARETTE_HOME (default /var/lib/lazarette) until "
	      "it is stopped.\n"
	      "See lazarette-worker(8). The options --job, --fence, --sweep and --thaw are for its "
	      "own children, --salvage, --rebuild and --gc are for lazarette admin.\n",
	    to);
	return to == stdout ? 0 : EXIT_USAGE;
}

/* -1: go on; else the exit status. */
static int
read_options(struct options *out, int argc, char **argv)
{
	static const struct option known[] = {
		{ "job", required_argument, NULL, 'j' },
		{ "fence", required_argument, NULL, 'f' },
		{ "sweep", required_argument, NULL, 's' },
		{ "thaw", required_argument, NULL, 't' },
		{ "hold", required_argument, NULL, 'H' },
		{ "let-go", required_argument, NULL, 'L' },
		{ "seconds", required_argument, NULL, 'n' },
		{ "mail-test", required_argument, NULL, 'm' },
		{ "salvage", required_argument, NULL, 'r' },
		{ "storage", required_argument, NULL, 'S' },
		{ "service", required_argument, NULL, 'e' },
		{ "identity", required_argument, NULL, 'i' },
		{ "signing-key", required_argument, NULL, 'k' },
		{ "unsigned", no_argument, NULL, 'x' },
		{ "to-dir", required_argument, NULL, 'd' },
		{ "to-database", required_argument, NULL, 'u' },
		{ "rebuild", no_argument, NULL, 'b' },
		{ "rebuild-dry", no_argument, NULL, 'B' },
		{ "adopt", no_argument, NULL, 'a' },
		{ "gc", no_argument, NULL, 'g' },
		{ "gc-dry", no_argument, NULL, 'G' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool good = true;
	int c;

	while ((c = getopt_long(argc, argv, "vVh", known, NULL)) != -1) {
		switch (c) {
		case 'j': good &= num_parse(&out->lease.job, optarg, 1, INT64_MAX); break;
		case 'f': good &= num_parse(&out->lease.fence, optarg, 1, INT64_MAX); break;
		case 's': good &= num_parse(&out->since, optarg, 0, INT64_MAX); break;
		case 't': good &= num_parse(&out->thaw, optarg, 1, INT64_MAX); break;
		case 'H': out->hold = optarg; break;
		case 'L': out->let_go = optarg; break;
		case 'n': good &= num_parse(&out->seconds, optarg, 1, 600); break;
		case 'm': out->recipient = optarg; break;
		case 'r': out->salvage.backup = optarg; break;
		case 'S': out->salvage.storage = optarg; break;
		case 'e': out->salvage.service = optarg; break;
		case 'i': out->salvage.identity = optarg; break;
		case 'k': out->salvage.signing_key = optarg; break;
		case 'x': out->salvage.not_signed = true; break;
		case 'd': out->salvage.to_dir = optarg; break;
		case 'u': out->salvage.to_database = optarg; break;
		case 'b': out->rebuild = true; break;
		case 'B': out->rebuild = out->dry = true; break;
		case 'a': out->adopt = true; break;
		case 'g': out->gc = true; break;
		case 'G': out->gc = out->dry = true; break;
		case 'v': log_set_level(LOG_DEBUG); break;
		case 'V': puts("lazarette-worker " LAZARETTE_VERSION); return 0;
		case 'h': return usage(stdout);
		default:  return usage(stderr);
		}
	}
	return good && optind == argc && (out->lease.job != 0) == (out->lease.fence != 0)
	    ? -1
	    : usage(stderr);
}

static int
test_mail(const struct conf *conf, const char *recipient)
{
	CLEANUP_DB struct db *db = NULL;
	struct err e;

	if (db_open(&db, conf->catalog, &e) != 0 || mail_test(db, conf, recipient, &e) != 0) {
		fprintf(stderr, "lazarette-worker: %s\n", e.text);
		return 1;
	}
	printf("A test mail to %s is on its way: %s has taken it.\n", recipient,
	    *conf->mail.server != '\0' ? conf->mail.server : conf->mail.folder);
	return 0;
}

/* For lazarette admin restore: on a machine that may have nothing but a storage. */
static int
salvage(const struct salvage *order)
{
	struct err e;

	if (order->storage == NULL || (order->to_dir == NULL) == (order->to_database == NULL))
		return usage(stderr);
	if (salvage_run(order, &e) == 0)
		return 0;
	fprintf(stderr, "lazarette: %s\n", e.text);
	return 1;
}

/* For lazarette admin rebuild. */
static int
rebuild(const struct conf *conf, const struct options *opt)
{
	const struct rebuild_order order = { opt->salvage.storage, opt->salvage.signing_key,
		opt->salvage.not_signed, opt->adopt, opt->dry };
	bool whole = false;
	struct err e;

	if (order.storage == NULL)
		return usage(stderr);
	if (rebuild_run(&whole, conf, &order, &e) == 0)
		return whole ? 0 : 1;
	fprintf(stderr, "lazarette: %s\n", e.text);
	return 1;
}

/* For lazarette admin gc. */
static int
collect(const struct conf *conf, bool dry)
{
	struct err e;

	if (gc_run(conf, dry, &e) == 0)
		return 0;
	fprintf(stderr, "lazarette: %s\n", e.text);
	return 1;
}

/* For the hooks that make requests wait. */
static int
hold(const struct options *opt)
{
	struct err e;

	if ((opt->hold != NULL ? hold_begin(opt->hold, opt->seconds, &e)
	                       : hold_end(opt->let_go, &e)) == 0)
		return 0;
	fprintf(stderr, "lazarette-worker: %s\n", e.text);
	return 1;
}

int
main(int argc, char **argv)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct options opt = { .since = -1, .seconds = 60 };
	struct conf conf;
	struct err e;
	int status = read_options(&opt, argc, argv);

	if (status >= 0)
		return status;
	if (opt.salvage.backup != NULL)
		return salvage(&opt.salvage);
	if (opt.hold != NULL || opt.let_go != NULL)
		return hold(&opt);
	if (conf_read(&conf, arena, conf_home(arena), &e) != 0) {
		log_line(LOG_ERROR, "worker.conf", "%s", e.text);
		return 78;
	}
	if (opt.recipient != NULL)
		return test_mail(&conf, opt.recipient);
	if (opt.rebuild)
		return rebuild(&conf, &opt);
	if (opt.gc)
		return collect(&conf, opt.dry);
	if (opt.lease.job != 0)
		return work_run(&conf, &opt.lease);
	if (opt.thaw != 0)
		return thaw_main(&conf, opt.thaw);
	if (opt.since >= 0)
		return runner_sweep(&conf, opt.since);
	return runner_run(&conf);
}
