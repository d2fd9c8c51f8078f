/* sandbox_test.c: what a child of lazarette-web can reach: the catalogue and the templates, nothing
 * else. Each question is asked with the sandbox and, as the control, without it. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgi/sandbox.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/store/db.h"

static char home[] = "/tmp/sandbox_test.XXXXXX";
static struct arena *arena;
static struct conf conf;
static struct db *db;         /* the child's connection */

static int
opens(const char *name, int flags)
{
	const char *path = arena_printf(arena, "%s/%s", home, name);

	return open(path, flags | O_CLOEXEC, 0600) >= 0 ? 0 : -1;
}

static int
read_the_key(void)
{
	return opens("keys/worker.key", O_RDONLY);
}

static int
read_a_stored_file(void)
{
	return opens("store/shop.dump", O_RDONLY);
}

static int
read_a_mail(void)
{
	return opens("mail/1.eml", O_RDONLY);
}

static int
read_a_download(void)
{
	return opens("downloads/1.tar", O_RDONLY);
}

static int
read_the_configuration(void)
{
	return opens("lazarette.conf", O_RDONLY);
}

static int
list_the_home(void)
{
	return opens(".", O_RDONLY | O_DIRECTORY);
}

static int
make_a_file(void)
{
	return opens("new", O_WRONLY | O_CREAT);
}

static int
remove_a_file(void)
{
	return unlink(arena_printf(arena, "%s/mail/spare", home));
}

static int
change_a_template(void)
{
	return opens("templates/page.cs", O_WRONLY | O_TRUNC);
}

static int
open_the_key_to_all(void)
{
	return chmod(arena_printf(arena, "%s/keys/worker.key", home), 0644);
}

static int
cut_a_stored_file(void)
{
	return truncate(arena_printf(arena, "%s/store/shop.dump", home), 1);
}

static int
tcp(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t size = sizeof at;
	int listening = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listening < 0 || fd < 0 || bind(listening, (struct sockaddr *)&at, size) != 0 ||
	    listen(listening, 1) != 0 || getsockname(listening, (struct sockaddr *)&at, &size) != 0)
		return -1;
	return connect(fd, (struct sockaddr *)&at, size);
}

static int
udp(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&at, sizeof at);
}

static int
local_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? -1 : 0;
}

static int
run_a_program(void)
{
	char *argv[] = { (char[]){ "true" }, NULL };

	return execv("/bin/true", argv);      /* true ends with 0, as a child that reached it */
}

static int
signal_the_parent(void)
{
	return kill(getppid(), 0);
}

static int
use_the_catalogue(void)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err e;

	return db_check_writable(db, &e) == 0 &&
	        fd_read_file(&text, arena_printf(arena, "%s/templates/page.cs", home), 100, &e) == 0
	    ? 0
	    : -1;
}

static int
read_a_list(void)
{
	return opens("run/lists/1.db", O_RDONLY);
}

static int
read_beside_the_lists(void)
{
	return opens("run/web.sock", O_RDONLY);
}

static int
change_a_list(void)
{
	return opens("run/lists/1.db", O_WRONLY);
}

static int
make_a_list(void)
{
	return opens("run/lists/2.db", O_WRONLY | O_CREAT);
}

/* 0: the child reached it; EPERM or EACCES: it was refused. */
static int
outcome(int (*ask)(void), bool confined)
{
	pid_t pid = fork();
	int status;
	struct err e;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (db_open(&db, conf.catalog, &e) != 0 ||
		    (confined && (sandbox_enter(&e) != 0 || sandbox_files(&conf, &e) != 0))) {
			fprintf(stderr, "# %s\n", e.text);
			_exit(255);
		}
		errno = 0;
		_exit(ask() == 0 ? 0 : errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
refused(int (*ask)(void))
{
	int with = outcome(ask, true);

	assert_true(with == EPERM || with == EACCES);
	assert_int_equal(outcome(ask, false), 0);
}

static void
T64_no_secret_and_no_byte_of_a_backup_can_be_opened(void **state UNUSED)
{
	refused(read_the_key);
	refused(read_a_stored_file);
	refused(read_a_mail);
	refused(read_a_download);
	refused(read_the_configuration);
	refused(list_the_home);
}

static void
T64_nothing_can_be_written_but_the_catalogue(void **state UNUSED)
{
	refused(make_a_file);
	refused(change_a_template);
	refused(remove_a_file);
	refused(open_the_key_to_all);
	refused(cut_a_stored_file);
}

static void
T64_there_is_no_network_no_program_and_no_other_process(void **state UNUSED)
{
	refused(tcp);
	refused(udp);
	refused(local_socket);
	refused(run_a_program);
	refused(signal_the_parent);
}

static void
T64_the_catalogue_and_the_templates_can_be_used(void **state UNUSED)
{
	assert_int_equal(outcome(use_the_catalogue, true), 0);
}

static void
T64_lists_of_files_can_be_read_and_nothing_beside_them(void **state UNUSED)
{
	assert_int_equal(outcome(read_a_list, true), 0);
	refused(read_beside_the_lists);
	refused(change_a_list);
	refused(make_a_list);
}

static void
T64_without_the_files_of_the_catalogue_it_says_so(void **state UNUSED)
{
	struct conf elsewhere = conf;
	struct err e;

	elsewhere.catalog = arena_printf(arena, "%s/none.db", home);
	assert_int_equal(sandbox_files(&elsewhere, &e), -1);
	assert_non_null(strstr(e.text, "none.db"));
}

static void
put(const char *folder, const char *name)
{
	struct err e;
	const char *path = arena_printf(arena, "%s/%s", home, folder);

	mkdir(path, 0700);
	path = arena_printf(arena, "%s/%s", path, name);
	assert_int_equal(fd_put_file(path, "text", 4, 0600, &e), 0);
}

static int
begin(void **state UNUSED)
{
	CLEANUP_DB struct db *first = NULL;
	struct err e;

	assert_non_null(mkdtemp(home));
	arena = arena_new();
	put("keys", "worker.key");
	put("store", "shop.dump");
	put("mail", "1.eml");
	put("mail", "spare");
	put("downloads", "1.tar");
	put("templates", "page.cs");
	put("run", "web.sock");
	put("run/lists", "1.db");
	put(".", "lazarette.conf");
	conf.home = home;
	conf.catalog = arena_printf(arena, "%s/catalog.db", home);
	conf.run = arena_printf(arena, "%s/run", home);
	conf.templates = arena_printf(arena, "%s/templates", home);
	return db_open_migrate(&first, conf.catalog, &e);
}

static int
forget(const char *path, const struct stat *st UNUSED, int kind UNUSED, struct FTW *at UNUSED)
{
	return remove(path);
}

static int
end(void **state UNUSED)
{
	arena_free(arena);
	return nftw(home, forget, 8, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T64_no_secret_and_no_byte_of_a_backup_can_be_opened),
		cmocka_unit_test(T64_nothing_can_be_written_but_the_catalogue),
		cmocka_unit_test(T64_there_is_no_network_no_program_and_no_other_process),
		cmocka_unit_test(T64_the_catalogue_and_the_templates_can_be_used),
		cmocka_unit_test(T64_lists_of_files_can_be_read_and_nothing_beside_them),
		cmocka_unit_test(T64_without_the_files_of_the_catalogue_it_says_so),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
