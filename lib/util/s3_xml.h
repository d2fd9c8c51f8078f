/* s3_xml.h: what a storage answers, as far as S3 uses XML.
 *
 * Elements, text, the five named entities and numbered characters, CDATA, comments. Attributes are
 * passed over; a document type is refused, so nothing is ever fetched or expanded.
 */
#ifndef LIB_UTIL_S3_XML_H
#define LIB_UTIL_S3_XML_H

#include <stddef.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

enum { S3_XML_DEPTH = 8, S3_XML_PATH = 256, S3_XML_TEXT = 4096 };

/* Called at the end of each element with its path ("ListBucketResult/Contents/Key") and the text
 * right inside it, NUL-terminated (nothing but spaces for one that only holds others). Both are
 * valid during the call only. */
typedef int s3_xml_fn(void *arg, const char *path, const char *text, struct err *e);

/* ERR_DAMAGED when it is not such a document: unbalanced, cut, too deep, or longer in one text than
 * S3_XML_TEXT. What fn returns other than 0 ends it. */
MUST_USE int s3_xml_read(const char *p, size_t n, s3_xml_fn *fn, void *arg, struct err *e);

#endif
