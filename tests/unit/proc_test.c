/* proc_test.c: children are run cleanly, heard, waited for, and never outlive us. */
#include "lib/util/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/num.h"

/* Lines of stderr, one per line, and how many. */
struct heard {
	struct buf text;
	int lines;
};

static void
hear(void *arg, const char *line)
{
	struct heard *h = arg;

	buf_printf(&h->text, "%s\n", line);
	h->lines++;
}

static const char *const *
shell(const char *script)
{
	static const char *argv[4] = { "/bin/sh", "-c" };

	argv[2] = script;
	return argv;
}

static int
run(struct buf *out, const char *script, struct err *e)
{
	struct proc_spec spec = { .argv = shell(script), .stdin_fd = -1 };

	return proc_output(out, 1 << 20, &spec, e);
}

/* Whether the process is gone (or a zombie somebody else will reap) within two seconds. */
static bool
gone_soon(pid_t pid)
{
	for (int i = 0; i < 200; i++) {
		CLEANUP_BUF struct buf stat = BUF_INIT;
		char path[64];
		struct err e;
		const char *state;

		snprintf(path, sizeof path, "/proc/%d/stat", pid);
		if (fd_read_file(&stat, path, 4096, &e) != 0)
			return true;
		state = strrchr(stat.p, ')');
		if (state != NULL && state[2] == 'Z')
			return true;
		clock_sleep(10);
	}
	return false;
}

static void
gives_the_output_of_a_tool(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	assert_int_equal(run(&out, "printf 'a\\000b'", &e), 0);
	assert_int_equal(out.n, 3);
	assert_memory_equal(out.p, "a\0b", 3);
}

static void
tells_the_exit_code_and_the_last_words(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	assert_int_equal(run(&out, "echo first >&2; echo ' last ' >&2; exit 3", &e), -1);
	assert_string_equal(e.text, "sh ended with exit code 3: last");
	assert_int_equal(e.exit_code, 3);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_int_equal(run(&out, "exit 7", &e), -1);
	assert_string_equal(e.text, "sh ended with exit code 7");
	assert_int_equal(run(&out, "printf 'no line end' >&2; exit 1", &e), -1);
	assert_string_equal(e.text, "sh ended with exit code 1: no line end");
}

static void
tells_an_error_with_the_lines_behind_it(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	assert_int_equal(run(&out, "printf 'x: note\\nx: error: it broke\\n\\n\\tbadly\\n"
	    "x: detail: so\\n' >&2; exit 1", &e), -1);
	assert_string_equal(e.text,
	    "sh ended with exit code 1: x: error: it broke badly x: detail: so");
}

static void
tells_the_signal_that_killed_a_tool(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	assert_int_equal(run(&out, "echo going down >&2; kill -9 $$", &e), -1);
	assert_string_equal(e.text, "sh was killed by signal 9 (Killed): going down");
	assert_int_equal(e.exit_code, 137);
}

static void
says_that_a_tool_cannot_be_run(void **state UNUSED)
{
	const char *const argv[] = { "/nonexistent/tool", NULL };
	struct proc_spec spec = { .argv = argv, .stdin_fd = -1 };
	struct proc *p = NULL;
	struct err e;

	assert_int_equal(proc_start(&p, &spec, &e), -1);
	assert_string_equal(e.text, "cannot run /nonexistent/tool: No such file or directory");
	assert_null(p);
}

static void
refuses_more_output_than_the_limit(void **state UNUSED)
{
	struct proc_spec spec = { .argv = shell("head -c 100000 /dev/zero"), .stdin_fd = -1 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	assert_int_equal(proc_output(&out, 5000, &spec, &e), -1);
	assert_string_equal(e.text, "sh wrote more than 5000 bytes");
}

static void
does_not_dead_lock_on_both_outputs(void **state UNUSED)
{
	struct heard h = { .text = BUF_INIT };
	struct proc_spec spec = { .argv = shell("i=0; while [ $i -lt 200 ]; do i=$((i+1)); "
	    "head -c 20000 /dev/zero; head -c 3000 /dev/zero | tr '\\0' e >&2; echo >&2; done"),
	    .stdin_fd = -1, .line = hear, .arg = &h };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	assert_int_equal(proc_output(&out, 1 << 23, &spec, &e), 0);
	assert_int_equal(out.n, 200 * 20000);
	assert_int_equal(h.lines, 200);
	assert_int_equal(h.text.n, 200 * 3001);
	buf_release(&h.text);
}

static void
throws_away_what_nobody_reads(void **state UNUSED)
{
	struct proc_spec spec = { .argv = shell("head -c 3000000 /dev/zero; exit 4"),
		.stdin_fd = -1 };
	CLEANUP_PROC struct proc *p = NULL;
	struct err e;

	assert_int_equal(proc_start(&p, &spec, &e), 0);
	assert_int_equal(proc_wait(p, &e), -1);
	assert_int_equal(e.exit_code, 4);
}

static void
tells_the_first_that_ends_and_hears_the_others(void **state UNUSED)
{
	struct heard h = { .text = BUF_INIT };
	struct proc_spec spec = { .argv = shell("sleep 100"), .stdin_fd = -1, .line = hear,
		.arg = &h };
	CLEANUP_PROC struct proc *a = NULL;
	CLEANUP_PROC struct proc *b = NULL;
	size_t which = 9;
	struct err e;

	assert_int_equal(proc_start(&a, &spec, &e), 0);
	/* It would never end if nobody heard it: a pipe holds less than it says. */
	spec.argv = shell("yes eeee | head -n 90000 >&2; exit 5");
	assert_int_equal(proc_start(&b, &spec, &e), 0);
	struct proc *const both[] = { a, NULL, b };

	assert_int_equal(proc_first(&which, both, 3, &e), 0);
	assert_int_equal(which, 2);
	assert_int_equal(proc_wait(b, &e), -1);
	assert_int_equal(e.exit_code, 5);
	assert_int_equal(h.lines, 90000);
	buf_release(&h.text);
}

static void
feeds_a_descriptor_and_closes_it(void **state UNUSED)
{
	const char *const argv[] = { "/bin/cat", NULL };
	struct proc_spec spec = { .argv = argv };
	CLEANUP_BUF struct buf out = BUF_INIT;
	FILE *f = tmpfile();
	int fd = dup(fileno(f));
	struct err e;

	assert_int_equal(fd_write_all(fd, "hello", 5, &e), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	spec.stdin_fd = fd;
	assert_int_equal(proc_output(&out, 100, &spec, &e), 0);
	assert_string_equal(out.p, "hello");
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	fclose(f);
}

static void
gives_an_empty_stdin_otherwise(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	assert_int_equal(run(&out, "cat; readlink /proc/self/fd/0", &e), 0);
	assert_string_equal(out.p, "/dev/null\n");
}

static void
passes_a_clean_environment(void **state UNUSED)
{
	const char *const env[] = { "ONE=1 a=b", NULL };
	const char *const argv[] = { "/usr/bin/env", NULL };
	struct proc_spec spec = { .argv = argv, .env = env, .stdin_fd = -1 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	setenv("SECRET_OF_PARENT", "x", 1);
	assert_int_equal(proc_output(&out, 10000, &spec, &e), 0);
	assert_string_equal(out.p,
	    "PATH=/usr/local/bin:/usr/bin:/bin\nLC_ALL=C.UTF-8\nTZ=UTC\nONE=1 a=b\n");
	unsetenv("SECRET_OF_PARENT");
}

static void
passes_no_descriptor_but_the_three(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_FD int leak = open("/dev/zero", O_RDONLY);    /* without CLOEXEC, on purpose */
	CLEANUP_FD int high = fcntl(leak, F_DUPFD, 200);
	const char *const argv[] = { "/bin/ls", "/proc/self/fd", NULL };
	struct proc_spec spec = { .argv = argv, .stdin_fd = -1 };
	struct err e;

	assert_true(leak > 2 && high >= 200);
	assert_int_equal(proc_output(&out, 10000, &spec, &e), 0);
	/* 3 is the folder that ls reads. */
	assert_string_equal(out.p, "0\n1\n2\n3\n");
}

static void
resets_signals_for_the_tool(void **state UNUSED)
{
	/* The C library keeps 32 and 33 for itself: what we inherited of them stays. */
	const unsigned long long kept = 3ULL << 31;
	CLEANUP_BUF struct buf out = BUF_INIT;
	const char *ignored;
	sigset_t block, was;
	struct err e;

	signal(SIGPIPE, SIG_IGN);
	sigfillset(&block);
	sigprocmask(SIG_SETMASK, &block, &was);
	assert_int_equal(run(&out, "grep -E 'Sig(Blk|Ign)' /proc/self/status", &e), 0);
	sigprocmask(SIG_SETMASK, &was, NULL);
	ignored = strstr(out.p, "SigIgn:");
	assert_non_null(strstr(out.p, "SigBlk:\t0000000000000000\n"));
	assert_non_null(ignored);
	assert_int_equal(strtoull(ignored + strlen("SigIgn:"), NULL, 16) & ~kept, 0);
}

static void
cleans_and_bounds_what_stderr_says(void **state UNUSED)
{
	struct heard h = { .text = BUF_INIT };
	struct proc_spec spec = { .argv = shell("printf 'bad \\377 \\033[31m\\r\\n\\n' >&2;"
	    " head -c 10000 /dev/zero | tr '\\0' x >&2; printf '\\nend\\n' >&2"),
	    .stdin_fd = -1, .line = hear, .arg = &h };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	assert_int_equal(proc_output(&out, 100, &spec, &e), 0);
	assert_int_equal(h.lines, 3);
	assert_memory_equal(h.text.p, "bad \xef\xbf\xbd \xef\xbf\xbd[31m\nxxx", 18);
	assert_string_equal(h.text.p + h.text.n - 6, "x\nend\n");
	assert_int_equal(strcspn(strchr(h.text.p, '\n') + 1, "\n"), PROC_LINE_MAX);
	buf_release(&h.text);
}

static void
shows_the_secret_nowhere(void **state UNUSED)
{
	static const char secret[] = "s3cret:p\\w=d 'x'";
	struct heard h = { .text = BUF_INIT };
	/* In the middle, twice on a line, across the cut of an overlong line, and in the last
	 * words. */
	struct proc_spec spec = { .argv = shell("echo \"a $S b\" >&2; echo \"$S$S\" >&2;"
	    " { head -c 4090 /dev/zero | tr '\\0' x; echo \"$S tail $S\"; } >&2;"
	    " { head -c 4100 /dev/zero | tr '\\0' x; echo \"$S tail $S\"; } >&2;"
	    " echo \"error: $S is wrong\" >&2; exit 1"),
	    .stdin_fd = -1, .line = hear, .arg = &h, .secret = secret };
	const char *const env[] = { "S=s3cret:p\\w=d 'x'", NULL };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	spec.env = env;
	assert_int_equal(proc_output(&out, 100, &spec, &e), -1);
	assert_string_equal(e.text, "sh ended with exit code 1: error: *** is wrong");
	assert_int_equal(h.lines, 5);
	assert_memory_equal(h.text.p, "a *** b\n******\nxxx", 18);
	assert_null(strstr(h.text.p, "s3"));
	/* The control: without being told the secret, it would have been shown. */
	spec.secret = NULL;
	assert_int_equal(proc_output(&out, 100, &spec, &e), -1);
	assert_non_null(strstr(e.text, secret));
	buf_release(&h.text);
}

/* T07: the whole group dies, also a grandchild that holds the pipes open. */
static void
T07_ends_the_whole_group(void **state UNUSED)
{
	struct proc_spec spec = { .argv = shell("sleep 100 & echo $!; wait"), .stdin_fd = -1 };
	struct proc *p = NULL;
	char text[32] = "";
	int64_t pid = 0;
	struct err e;

	assert_int_equal(proc_start(&p, &spec, &e), 0);
	assert_true(proc_read(p, text, sizeof text - 1, &e) > 0);
	text[strcspn(text, "\n")] = '\0';
	assert_true(num_parse(&pid, text, 2, INT32_MAX));
	assert_int_equal(kill((pid_t)pid, 0), 0);
	proc_end(p);
	assert_true(gone_soon((pid_t)pid));
}

static void
does_not_wait_for_a_grandchild(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	int64_t pid = 0;
	struct err e;

	assert_int_equal(run(&out, "sleep 100 & echo $!", &e), 0);
	out.p[strcspn(out.p, "\n")] = '\0';
	assert_true(num_parse(&pid, out.p, 2, INT32_MAX));
	assert_true(gone_soon((pid_t)pid));
}

/* The number that a tool has printed on its first line. */
static pid_t
told(struct proc *p)
{
	char text[32] = "";
	int64_t pid = 0;
	struct err e;

	if (proc_read(p, text, sizeof text - 1, &e) <= 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return num_parse(&pid, text, 2, INT32_MAX) ? (pid_t)pid : 0;
}

/* Start it in a process of its own, kill that one; whether the tool whose number it told is gone
 * soon after. */
static bool
dies_when_the_parent_is_killed(const char *script)
{
	int pair[2];
	pid_t parent, tool = 0;
	bool gone;

	assert_int_equal(pipe(pair), 0);
	parent = fork();
	if (parent == 0) {
		struct proc_spec spec = { .stdin_fd = -1 };
		struct proc *p;
		struct err e;

		if (script == NULL && (tool = fork()) == 0) {
			execl("/bin/sleep", "sleep", "100", (char *)NULL);
			_exit(1);
		}
		if (script != NULL) {
			spec.argv = shell(script);
			tool = proc_start(&p, &spec, &e) == 0 ? told(p) : 0;
		}
		if (write(pair[1], &tool, sizeof tool) != sizeof tool)
			_exit(1);
		pause();
	}
	assert_int_equal(read(pair[0], &tool, sizeof tool), sizeof tool);
	assert_true(tool > 1);
	kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	gone = gone_soon(tool);
	kill(tool, SIGKILL);
	close(pair[0]);
	close(pair[1]);
	return gone;
}

/* T07: the tool, and what it has started, dies with the process that started it. */
static void
T07_dies_with_its_parent(void **state UNUSED)
{
	assert_true(dies_when_the_parent_is_killed("echo $$; exec sleep 100"));
	assert_true(dies_when_the_parent_is_killed("sleep 100 & echo $!; wait"));
	assert_true(dies_when_the_parent_is_killed("sleep 100 & echo $!; exec sleep 0.2"));
	/* The control: a plain fork and exec. */
	assert_false(dies_when_the_parent_is_killed(NULL));
}

static void
a_lost_exit_status_is_no_success(void **state UNUSED)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	signal(SIGCHLD, SIG_IGN);     /* the kernel reaps; nobody learns how it ended */
	assert_int_equal(run(&out, "sleep 0.1; exit 0", &e), -1);
	signal(SIGCHLD, SIG_DFL);
	assert_non_null(strstr(e.text, "the exit status of sh is lost"));
}

static int
open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = -3;       /* itself and the two dots */

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* T13, for children: at each place where descriptors can run out it is said, and none is kept. */
static void
T13_says_when_descriptors_run_out(void **state UNUSED)
{
	int before = open_descriptors(), failed = 0, rc;
	struct rlimit was, few;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	few = was;
	few.rlim_cur = (rlim_t)before;
	do {
		CLEANUP_BUF struct buf out = BUF_INIT;
		struct err e = { .text = "" };

		few.rlim_cur++;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		rc = run(&out, "echo hello", &e);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
		assert_int_equal(open_descriptors(), before);
		failed += rc != 0;
		if (rc != 0)
			assert_true(strlen(e.text) > 0);
		else
			assert_string_equal(out.p, "hello\n");
	} while (rc != 0);
	assert_in_range(failed, 5, 40);
}

static void
on_alarm(int sig UNUSED)
{
}

static void
goes_on_when_a_signal_interrupts(void **state UNUSED)
{
	struct sigaction act = { .sa_handler = on_alarm };    /* without SA_RESTART */
	struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	assert_int_equal(sigaction(SIGALRM, &act, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	assert_int_equal(run(&out, "for i in 1 2 3 4 5; do echo $i; echo e >&2; sleep 0.02; done;"
	    " exit 3", &e), -1);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_int_equal(e.exit_code, 3);
	assert_string_equal(out.p, "1\n2\n3\n4\n5\n");
}

static void
make_tool(const char *folder, const char *below)
{
	char path[512], parent[512];
	struct err e;

	snprintf(path, sizeof path, "%s/%s", folder, below);
	snprintf(parent, sizeof parent, "%s", path);
	*strrchr(parent, '/') = '\0';
	assert_int_equal(fd_make_path(parent, &e), 0);
	assert_int_equal(fd_put_file(path, "#!/bin/sh\n", 10, 0755, &e), 0);
}

static void
finds_the_newest_tool_that_is_new_enough(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	char folder[] = "/tmp/proc_test.XXXXXX", want[128], *path = NULL;
	const char *const rm[] = { "/bin/rm", "-r", folder, NULL };
	struct proc_spec spec = { .argv = rm, .stdin_fd = -1 };
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err e;

	assert_non_null(mkdtemp(folder));
	setenv("LAZARETTE_TOOLS", folder, 1);
	make_tool(folder, "913/bin/tool");
	make_tool(folder, "92/bin/tool");
	make_tool(folder, "x99/bin/tool");
	assert_int_equal(proc_find(&path, a, "tool", 0, &e), 0);
	snprintf(want, sizeof want, "%s/913/bin/tool", folder);
	assert_string_equal(path, want);
	assert_int_equal(proc_find(&path, a, "tool", 914, &e), -1);
	assert_string_equal(e.text,
	    "tool 914 or newer is not installed. Install it with: apt install tool");
	make_tool(folder, "tool");
	assert_int_equal(proc_find(&path, a, "tool", 914, &e), 0);
	snprintf(want, sizeof want, "%s/tool", folder);
	assert_string_equal(path, want);
	assert_int_equal(proc_output(&out, 100, &spec, &e), 0);
	unsetenv("LAZARETTE_TOOLS");
}

static void
says_how_to_install_a_missing_tool(void **state UNUSED)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	char *path = NULL;
	struct err e;

	assert_int_equal(proc_find(&path, a, "no-such-tool", 0, &e), -1);
	assert_string_equal(e.text,
	    "no-such-tool is not installed. Install it with: apt install no-such-tool");
	assert_int_equal(e.kind, ERR_INPUT);
	/* No PostgreSQL 99 here, and Debian's wrapper in /usr/bin does not count. */
	assert_int_equal(proc_find(&path, a, "pg_dump", 99, &e), -1);
	assert_string_equal(e.text, "pg_dump 99 or newer is not installed. "
	    "Install it with: apt install postgresql-client-99");
	assert_int_equal(proc_find(&path, a, "sh", 0, &e), 0);
	assert_string_equal(path, "/usr/bin/sh");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_output_of_a_tool),
		cmocka_unit_test(tells_the_exit_code_and_the_last_words),
		cmocka_unit_test(tells_an_error_with_the_lines_behind_it),
		cmocka_unit_test(tells_the_signal_that_killed_a_tool),
		cmocka_unit_test(says_that_a_tool_cannot_be_run),
		cmocka_unit_test(refuses_more_output_than_the_limit),
		cmocka_unit_test(does_not_dead_lock_on_both_outputs),
		cmocka_unit_test(throws_away_what_nobody_reads),
		cmocka_unit_test(tells_the_first_that_ends_and_hears_the_others),
		cmocka_unit_test(feeds_a_descriptor_and_closes_it),
		cmocka_unit_test(gives_an_empty_stdin_otherwise),
		cmocka_unit_test(passes_a_clean_environment),
		cmocka_unit_test(passes_no_descriptor_but_the_three),
		cmocka_unit_test(resets_signals_for_the_tool),
		cmocka_unit_test(cleans_and_bounds_what_stderr_says),
		cmocka_unit_test(shows_the_secret_nowhere),
		cmocka_unit_test(T07_ends_the_whole_group),
		cmocka_unit_test(does_not_wait_for_a_grandchild),
		cmocka_unit_test(T07_dies_with_its_parent),
		cmocka_unit_test(T13_says_when_descriptors_run_out),
		cmocka_unit_test(goes_on_when_a_signal_interrupts),
		cmocka_unit_test(a_lost_exit_status_is_no_success),
		cmocka_unit_test(finds_the_newest_tool_that_is_new_enough),
		cmocka_unit_test(says_how_to_install_a_missing_tool),
	};

	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
