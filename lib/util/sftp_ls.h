/* sftp_ls.h: one line of a folder's list, as servers write it for people ("ls -l"). */
#ifndef LIB_UTIL_SFTP_LS_H
#define LIB_UTIL_SFTP_LS_H

#include <stdbool.h>
#include <stdint.h>

struct sftp_entry {
	const char *name;             /* points into the line */
	bool folder;
	int64_t bytes;
	/* Good to a day, for the server's zone is not known; 0: ask for it. */
	int64_t changed_at;
};

/* Cuts the line up. False for what is neither a file nor a folder, for "." and "..", and for a name
 * with other letters than keys have. bytes -1: the line is written in another way; ask for it. */
bool sftp_ls_read(struct sftp_entry *ret, char *line, int64_t now);

#endif
