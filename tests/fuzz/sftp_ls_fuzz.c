/* sftp_ls_fuzz.c: a line of a folder's list, which a server may write as it likes. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util/sftp_ls.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *line = malloc(size + 1);
	struct sftp_entry e;

	memcpy(line, data, size);
	line[size] = '\0';
	/* The name lies in the line and can be no way out of the folder. */
	if (sftp_ls_read(&e, line, 1795953600000) &&
	    (e.name < line || e.name > line + size || *e.name == '\0' || e.bytes < -1 ||
	        e.changed_at < 0 || strchr(e.name, '/') != NULL || strcmp(e.name, "..") == 0))
		abort();
	free(line);
	return 0;
}
