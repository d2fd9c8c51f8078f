/* sandbox.c: Landlock for files, seccomp for the network and for programs. */
#include "cgi/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/model/zone.h"
#include "lib/store/listing.h"

/* The headers of Debian 12 know ABI 2; these came with 3 and 5. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#define ACCESS_FS_IOCTL_DEV (1ULL << 15)

/* Newer than the libseccomp of Debian 12; new calls have one number on every architecture. */
enum { FCHMODAT2 = 452, SETXATTRAT = 463 };

enum {
	READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	CHANGE = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
	    LANDLOCK_ACCESS_FS_TRUNCATE
};

/* Every right over files that the running kernel can take away. */
static __u64
known_rights(int abi)
{
	__u64 rights = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1;

	if (abi >= 2)
		rights |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi >= 5)
		rights |= ACCESS_FS_IOCTL_DEV;
	return rights;
}

static int
allow(int ruleset, __u64 rights, const char *path, struct err *e)
{
	CLEANUP_FD int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .allowed_access = rights, .parent_fd = fd };

	if (fd < 0 ||
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		return err_sys(e, "keep '%s' for a child of lazarette-web", path);
	return 0;
}

static int
allow_catalogue(int ruleset, __u64 rights, const char *catalogue, struct err *e)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
		snprintf(path, sizeof path, "%s%s", catalogue, endings[i]);
		if (allow(ruleset, rights, path, e) != 0)
			return -1;
	}
	return 0;
}

/* Pages show times of other zones; a system may have none. */
static int
allow_zones(int ruleset, struct err *e)
{
	return access(ZONE_FOLDER, R_OK) == 0 ? allow(ruleset, READ, ZONE_FOLDER, e) : 0;
}

/* Made by the worker, which may come later than we. */
static int
allow_lists(int ruleset, const char *run, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	const char *folder = listing_folder(a, run);

	return fd_make_path(folder, e) != 0 ? -1 : allow(ruleset, READ, folder, e);
}

/* Only in builds for tests: gcov writes next to the program at exit, sanitizers read /proc. */
static int
allow_instruments(int ruleset UNUSED, __u64 rights UNUSED, struct err *e UNUSED)
{
#ifdef FAULT_POINTS
	char folder[PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", folder, sizeof folder - 1);
	char *slash = n > 0 ? strrchr(folder, '/') : NULL;

	if (slash == NULL)
		return err_sys(e, "find the folder of the program");
	*slash = '\0';
	if (allow(ruleset, rights, folder, e) != 0 ||
	    allow(ruleset, rights & READ, "/proc", e) != 0)
		return -1;
#endif
	return 0;
}

static int
confine_files(const struct conf *conf, struct err *e)
{
	CLEANUP_FD int ruleset = -1;
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr all = { .handled_access_fs = known_rights(abi) };

	if (abi < 1) {
		log_line(LOG_WARN, "web.sandbox",
		    "this kernel has no Landlock (%s): only an own user keeps the web part from the"
		    " key, the storage and the mails",
		    strerror(errno));
		return 0;
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
	if (ruleset < 0)
		return err_sys(e, "make a Landlock ruleset");
	/* SQLite seeds its random numbers when it first wants one. */
	if (allow(ruleset, READ, conf->templates, e) != 0 ||
	    allow(ruleset, LANDLOCK_ACCESS_FS_READ_FILE, "/dev/urandom", e) != 0 ||
	    allow_zones(ruleset, e) != 0 || allow_lists(ruleset, conf->run, e) != 0 ||
	    allow_catalogue(ruleset, CHANGE & all.handled_access_fs, conf->catalog, e) != 0 ||
	    allow_instruments(ruleset, all.handled_access_fs, e) != 0)
		return -1;
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		return err_sys(e, "enter the Landlock ruleset");
	return 0;
}

static const int denied[] = {
	/* the network: the one socket that it listens on is open */
	SCMP_SYS(socket), SCMP_SYS(bind), SCMP_SYS(connect),
	/* programs and other processes */
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(tkill), SCMP_SYS(kcmp),
	/* io_uring makes sockets and opens files by itself */
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
	/* the kernel */
	SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(keyctl),
	SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(kexec_load), SCMP_SYS(open_by_handle_at),
	/* what Landlock does not know of files (truncate: before Linux 6.2) */
	SCMP_SYS(truncate), SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(chown),
	SCMP_SYS(lchown), SCMP_SYS(fchown), SCMP_SYS(fchownat), SCMP_SYS(setxattr),
	SCMP_SYS(lsetxattr), SCMP_SYS(fsetxattr), SCMP_SYS(utimensat), FCHMODAT2, SETXATTRAT,
	/* another view of the file system */
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(open_tree), SCMP_SYS(move_mount),
	SCMP_SYS(fsopen), SCMP_SYS(fsmount), SCMP_SYS(mount_setattr),
#ifndef FAULT_POINTS
	/* LeakSanitizer traces its own process. */
	SCMP_SYS(ptrace),
#endif
};

static int
add_denials(scmp_filter_ctx filter)
{
	struct scmp_arg_cmp other = { .op = SCMP_CMP_NE, .datum_a = (scmp_datum_t)getpid() };
	uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof denied / sizeof denied[0]; i++)
		rc = seccomp_rule_add(filter, refuse, denied[i], 0);
	/* abort() signals itself. */
	if (rc == 0)
		rc = seccomp_rule_add_array(filter, refuse, SCMP_SYS(kill), 1, &other);
	if (rc == 0)
		rc = seccomp_rule_add_array(filter, refuse, SCMP_SYS(tgkill), 1, &other);
	return rc;
}

static int
confine_calls(struct err *e)
{
	/* Calls of another architecture (32 bit) end the process: that is its default. */
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int rc = filter == NULL ? -ENOMEM : add_denials(filter);

	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc == 0)
		return 0;
	errno = -rc;
	return err_sys(e, "load the seccomp filter");
}

int
sandbox_enter(struct err *e)
{
	if (FAULT_CONTROL("sandbox"))
		return 0;
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_sys(e, "give up privileges");
	return confine_calls(e) != 0 ? err_in(e, "confine a child of lazarette-web") : 0;
}

int
sandbox_files(const struct conf *conf, struct err *e)
{
	if (FAULT_CONTROL("sandbox"))
		return 0;
	return confine_files(conf, e) != 0 ? err_in(e, "confine a child of lazarette-web") : 0;
}
