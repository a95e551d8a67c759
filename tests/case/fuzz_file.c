/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is, and which one an answer names, whatever the bytes: no byte outside is read, a kind is told
 * only of what begins and ends like it, and an id has its shape. */
#include "case/attachment.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct str text = {(const char *)bytes, n}, id, name;
    enum file_kind kind = file_kind_of(text);
    must(kind == FILE_KINDS_N || n >= 5);
    must(kind != FILE_PDF || str_starts(text, STR("%PDF-")));
    must(kind != FILE_JPEG || (bytes[0] == 0xff && bytes[1] == 0xd8));
    must(kind != FILE_PNG || bytes[0] == 0x89);
    if (attachment_answer(text, &id, &name)) {
        must(id.n == ATTACHMENT_ID_SIZE - 1 && text_is_id(id));
        must(name.p + name.n == text.p + text.n);
    }
    return 0;
}
