/* s3_xml_fuzz.c: what a storage answers, which may be anything. */
#include <stdlib.h>
#include <string.h>

#include "lib/util/s3_word.h"
#include "lib/util/s3_xml.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static int
see(void *arg, const char *path, const char *text, struct err *e)
{
	(void)e;
	/* Each element ends once; neither its path nor its text is longer than what came. */
	*(size_t *)arg += 1;
	if (*path == '\0' || strlen(path) >= S3_XML_PATH || strlen(text) >= S3_XML_TEXT)
		abort();
	return 0;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct s3_word w = { .status = 500, .host = "h", .bucket = "b", .region = "" };
	size_t ends = 0;
	struct err e;

	if (s3_xml_read((const char *)data, size, see, &ends, &e) == 0 && ends == 0)
		abort();
	if (ends > size)
		abort();
	s3_word_read(&w, a, (const char *)data, size);
	if (s3_word_say(&w, &e) != -1 || strlen(e.text) >= ERR_TEXT_MAX)
		abort();
	return 0;
}
